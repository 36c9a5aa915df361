import { setTimeout as delay } from 'node:timers/promises';
import type { MappedCopy } from '../../infrastructure/mysql/mapped-copy.ts';
import type { RoundCourse } from './round-course.ts';

const SWEEP_ROWS = 5_000;
/** The patrol rests so many times as long as a chunk of copies took: it uses a tenth of one connection. */
const REST_FACTOR = 9;
const LONGEST_REST_MS = 10_000;

/**
 * Compares the copies of one target table after a primary key with the mirror. Keys that are pending are marked as well: a
 * pass that is under way may be past the copy that differs now. A copy that is held is passed over, and marked as missed.
 */
export async function sweepCopies(course: RoundCourse, copy: MappedCopy, after: readonly string[]): Promise<void> {
  const { parts, run, onDrift, signal } = course.options;
  const { isAsked } = course.round;
  const { database } = parts.store;
  const { missed, pending } = parts.source;
  const mark = await run(async () => (await missed.marks(database)).get(copy.id));
  // What was missed may lie before the place at which another instance left off.
  for (let from: readonly string[] | undefined = mark === undefined ? after : []; from; ) {
    const at: readonly string[] = from;
    const began = performance.now();
    const end = await run(async () => {
      const { sweep } = copy.fit ?? {};
      if (!sweep) {
        await missed.mark(database, [copy.id]);
        return 'held';
      }
      const upTo = await sweep.chunkEnd(database, at, SWEEP_ROWS);
      const differing = await sweep.differing(database, { after: at, upTo });
      await pending.mark(
        database,
        differing.map(({ key }) => key),
      );
      const drifted = differing.filter(({ isDrift }) => isDrift).length;
      if (differing.length > 0) onDrift(isAsked ? 0 : drifted);
      if (!isAsked) course.correctedKeys += drifted;
      return upTo;
    });
    if (end === 'held') return;
    if (end) await course.goOn({ leg: `copy ${copy.id}`, after: end });
    const tookMs = performance.now() - began;
    if (!isAsked) await delay(Math.min(LONGEST_REST_MS, tookMs * REST_FACTOR), undefined, { signal });
    from = end;
  }
  if (mark !== undefined) await run(() => missed.swept(database, copy.id, mark));
}
