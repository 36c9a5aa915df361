import type { Round, RoundTally } from '../../infrastructure/mysql/state/round-store.ts';
import { sweepCopies } from './copy-leg.ts';
import { findGone } from './mirror-leg.ts';
import { RoundCourse, type RoundOptions, RoundOver } from './round-course.ts';
import { compareSource } from './source-leg.ts';

/** A part of a round, by its name; begins behind `after`. */
type Leg = readonly [string, (after: readonly string[]) => Promise<void>];

/**
 * One round over a source: every row of it is compared with the mirror, every live row of the mirror is looked for in it,
 * and every copy is compared with the mirror. Goes on at the cursor of an instance that died. A first load, a backfill
 * and the patrol are such rounds. Returns undefined where the round is another instance's now, or another has been asked for.
 */
export async function completeRound(round: Round, options: RoundOptions): Promise<RoundTally | undefined> {
  const course = new RoundCourse(round, options);
  const legs: readonly Leg[] = [
    ['source', (after) => compareSource(course, after)],
    // What it has found gone so far is not stored, so it begins anew.
    ['mirror', () => findGone(course)],
    ...options.parts.source.mapped.map((copy): Leg => [`copy ${copy.id}`, (after) => sweepCopies(course, copy, after)]),
  ];
  const known = legs.findIndex(([name]) => name === round.place?.leg);
  // In the sweep of a copy that has left the mapping: its cursor is nobody's, and columns may be mapped that were not.
  if (known < 0) course.rowCount = 0;
  const cursor = (known >= 0 && round.place?.after) || [];
  try {
    for (const [i, [leg, walk]] of legs.slice(Math.max(0, known)).entries()) {
      const after = (i === 0 && cursor) || [];
      await course.goOn({ leg, after });
      await walk(after);
    }
    return course.tally;
  } catch (error) {
    if (error instanceof RoundOver) return undefined;
    throw error;
  }
}
