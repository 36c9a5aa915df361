import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import type { CopySweep, DifferingKey } from '../../infrastructure/mysql/copies/copy-sweep.ts';
import type { MappedCopy } from '../../infrastructure/mysql/copies/mapped-copy.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Range } from '../../infrastructure/mysql/server/key-order.ts';
import type { RoundCourse } from './round-course.ts';

const SWEEP_ROWS = 5_000;
/** The patrol rests so many times as long as a chunk of copies took: it uses a tenth of one connection. */
const REST_FACTOR = 9;
const LONGEST_REST_MS = 10_000;
/** So many chunks share one wait for the mirror, and their marks, where somebody waits for the round. */
const MOST_CHUNKS = 20;
const MOST_MARKS = 2_000;

/** A chunk with copies that differ, and their keys. */
interface Doubt {
  readonly range: Range;
  readonly keys: ReadonlySet<Key>;
}

/**
 * Compares the copies of one target table after a primary key with the mirror. What differs is compared once more when the
 * mirror has caught up with what the source had then: the application may have written a value that was not ingested yet. The
 * patrol compares, to tell what has drifted; where somebody waits for the round, fan-out does, which writes only what differs.
 * Keys that are pending are marked as well: a pass that is under way may be past the copy that differs now. A copy that is
 * held is passed over, and marked as missed.
 */
export async function sweepCopies(course: RoundCourse, copy: MappedCopy, after: readonly string[]): Promise<void> {
  const { parts, run, signal, onUnswept } = course.options;
  const { isAsked } = course.round;
  const { database } = parts.store;
  const { missed } = parts.source;

  /** Undefined: the copy is held, or its server cannot compare it, which is told; then it is missed as well. */
  const comparing = <T>(work: (sweep: CopySweep) => Promise<T>): Promise<T | undefined> =>
    course.keep(
      run(async () => {
        const { fit } = copy;
        try {
          if (fit) return await work(fit.sweep);
        } catch (error) {
          const fault = fit?.store.fault(error);
          if (fault?.kind !== 'copy_unfit' && fault?.kind !== 'store_refused') throw error;
          onUnswept(copy.id, fault);
          // It would be found again at once, and each new mark has another round begin.
          if (mark !== undefined) return undefined;
        }
        await missed.mark(database, [copy.id]);
        return undefined;
      }),
    );

  const mark = await run(async () => (await missed.marks(database)).get(copy.id));
  // What was missed may lie before the place at which another instance left off.
  for (let from: readonly string[] | undefined = mark === undefined ? after : []; from; ) {
    const at: readonly string[] = from;
    const began = performance.now();
    const found = await comparing((sweep) => findDoubts(sweep, database, at, isAsked ? MOST_CHUNKS : 1));
    if (!found) return;
    const tookMs = performance.now() - began;
    if (found.doubts.length > 0) await course.catchUp();
    if (isAsked) await markAll(course, found.doubts);
    else
      for (const { range, keys } of found.doubts) {
        const again = await comparing((sweep) => sweep.differing(database, range));
        if (!again) return;
        const differing = again.filter(({ key }) => keys.has(key));
        await course.keep(run(() => markDrift(course, differing)));
      }
    if (found.end) await course.goOn({ leg: `copy ${copy.id}`, after: found.end });
    if (!isAsked) await delay(Math.min(LONGEST_REST_MS, tookMs * REST_FACTOR), undefined, { signal });
    from = found.end;
  }
  if (mark !== undefined) await run(() => missed.swept(database, copy.id, mark));
}

/** The doubts of the next chunk, and of some behind it if it has any; `end` is undefined behind the last copy. */
async function findDoubts(sweep: CopySweep, database: Database, after: readonly string[], mostChunks: number) {
  const doubts: Doubt[] = [];
  let end: readonly string[] | undefined = after;
  for (let chunks = 0; end && (chunks === 0 || (doubts.length > 0 && chunks < mostChunks)); chunks++) {
    const upTo = await sweep.chunkEnd(database, end, SWEEP_ROWS);
    const range = { after: end, upTo };
    const differing = await sweep.differing(database, range);
    if (differing.length > 0) doubts.push({ range, keys: new Set(differing.map(({ key }) => key)) });
    end = upTo;
  }
  return { doubts, end };
}

/** Marks what differs as it did before. What differs only now may be ahead of the mirror. */
async function markDrift(course: RoundCourse, differing: readonly DifferingKey[]): Promise<void> {
  if (differing.length === 0) return;
  const { parts, onDrift } = course.options;
  await parts.source.pending.mark(
    parts.store.database,
    differing.map(({ key }) => key),
  );
  const drifted = differing.filter(({ isDrift }) => isDrift).length;
  onDrift(drifted, differing.length);
  course.correctedKeys += drifted;
}

/** Marks what differed, in a few large statements: what is marked together is written together. */
async function markAll(course: RoundCourse, doubts: readonly Doubt[]): Promise<void> {
  const { parts, run, onDrift } = course.options;
  const keys = [...new Set(doubts.flatMap((doubt) => [...doubt.keys]))];
  for (const some of inPages(keys, MOST_MARKS)) {
    await course.keep(run(() => parts.source.pending.mark(parts.store.database, some)));
    onDrift(0, some.length);
  }
}
