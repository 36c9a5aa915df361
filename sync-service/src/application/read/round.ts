import type { Round } from '../../infrastructure/mysql/round-store.ts';
import { sweepCopies } from './copy-leg.ts';
import { findGone } from './mirror-leg.ts';
import { RoundCourse, type RoundOptions, type RoundOutcome, RoundOver } from './round-course.ts';
import { compareSource } from './source-leg.ts';

/** A part of a round, by its name; begins behind `after`. */
type Leg = readonly [string, (after: readonly string[]) => Promise<void>];

/**
 * One round over a source: every row of it is compared with the mirror, every live row of the mirror is looked for in it,
 * and every copy is compared with the mirror. Goes on at the cursor of an instance that died. A first load, a backfill
 * and the patrol are such rounds. Returns undefined where the round is another instance's now, or another has been asked for.
 */
export async function completeRound(round: Round, options: RoundOptions): Promise<RoundOutcome | undefined> {
  const course = new RoundCourse(round, options);
  const legs: readonly Leg[] = [
    ['source', (after) => compareSource(course, after)],
    // What it has found gone so far is not stored, so it begins anew.
    ['mirror', () => findGone(course)],
    ...options.parts.source.sweeps.map(
      (sweep): Leg => [`copy ${sweep.id}`, (after) => sweepCopies(course, sweep, after)],
    ),
  ];
  const at = Math.max(
    0,
    legs.findIndex(([name]) => name === round.place?.leg),
  );
  try {
    for (const [i, [leg, walk]] of legs.slice(at).entries()) {
      const after = (i === 0 && round.place?.after) || [];
      await course.goOn(leg, after);
      await walk(after);
    }
    return course.outcome;
  } catch (error) {
    if (error instanceof RoundOver) return undefined;
    throw error;
  }
}
