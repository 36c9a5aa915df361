import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import { toAfter } from '../../infrastructure/mysql/state/round-store.ts';
import { GoneGuard } from './gone-guard.ts';
import { type Looked, lookAt, observe } from './look.ts';
import { type RoundCourse, SOME_KEYS } from './round-course.ts';

/**
 * Looks for every live row of the mirror in the source. Those that are gone are counted before any is taken as deleted: what
 * somebody has said of some does not hold for more.
 */
export async function findGone(course: RoundCourse): Promise<void> {
  const guard = new GoneGuard(course.round.takesGone);
  await walkMirror(course, async (lookedFor, gone) => guard.add(lookedFor, gone));
  course.goneKeys = guard.isTaken ? 0 : guard.count;
  if (!guard.isTaken) return;
  if (guard.keys) await takeGone(course, guard.keys);
  else {
    let left = guard.count;
    await walkMirror(course, async (_, gone) => {
      left -= gone.length;
      if (left >= 0) await takeGone(course, gone);
    });
  }
}

/** Tells of each page of the mirror how many live rows it has, and which of them the source does not. */
async function walkMirror(
  course: RoundCourse,
  onPage: (lookedFor: number, gone: readonly Key[]) => Promise<void>,
): Promise<void> {
  const { parts, run } = course.options;
  const { source, store } = parts;
  for (let from: Key | undefined, isLast = false; !isLast; ) {
    const began = performance.now();
    const live = await run(() => source.mirror.liveKeysAfter(store.database, from, course.mostRows));
    const existing = await run(() => existingOf(course, live));
    const missing = live.filter((key) => !existing.has(key));
    const gone = await withoutRow(course, missing);
    await onPage(live.length, gone);
    isLast = live.length < course.mostRows;
    from = live.at(-1) ?? from;
    await course.goOn({ leg: 'mirror', after: toAfter(from) });
    await course.slowDown(live.length, began);
  }
}

async function existingOf({ options }: RoundCourse, keys: readonly Key[]): Promise<Set<Key>> {
  const { parts, readFrom } = options;
  parts.require();
  if (keys.length === 0) return new Set();
  return parts.source.rows.existing(readFrom, keys);
}

/** A delete may be on its way, and a replica that lags lacks every new row: what still differs then, nobody told of. */
async function withoutRow(course: RoundCourse, keys: readonly Key[]): Promise<readonly Key[]> {
  if (keys.length > 0) await course.catchUp();
  const left: Key[] = [];
  for (const some of inPages(keys, SOME_KEYS)) {
    const { gone } = await lookAgain(course, some);
    left.push(...gone.map(({ read: { key } }) => key));
  }
  return left;
}

function lookAgain(course: RoundCourse, keys: readonly Key[]): Promise<Looked> {
  const { parts, run } = course.options;
  return run(async () => lookAt(parts, keys, await observe(parts)));
}

/** They are looked at once more, in the order of changes: one that has come back is not taken. */
async function takeGone(course: RoundCourse, keys: readonly Key[]): Promise<void> {
  const { settler } = course.options;
  for (const some of inPages(keys, SOME_KEYS)) {
    const { gone } = await lookAgain(course, some);
    course.tell(await course.keep(settler.settle(gone, { takesGone: () => true, purpose: course.purpose })));
  }
}
