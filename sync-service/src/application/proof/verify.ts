import type { HeldCopy } from '../../infrastructure/mysql/store.ts';
import type { BarrierResult } from './barrier.ts';
import type { CompareOptions, Comparison } from './compare.ts';
import type { Differing } from './tally.ts';

/** A key that is changed again and again may differ at each look, and be right all the same. */
const MOST_LOOKS = 5;

export interface VerifyParts {
  /** Returns when everything committed before the call has been applied. */
  readonly passBarrier: () => Promise<BarrierResult>;
  readonly compare: (options: CompareOptions) => Promise<Comparison>;
}

export interface Verification extends Comparison {
  /** Keys whose copies differed at each look and held something else each time: they change faster than one can look. */
  readonly changing: number;
  /** Keys that a target or the mirror refuses, with the reason: they cannot be equal. Of very many of a source the first ones. */
  readonly parked: BarrierResult['parked'];
  /** How many there are of each source. */
  readonly parkedCounts: BarrierResult['parkedCounts'];
}

/**
 * Compares copies with their source while changes may go on. What differs is looked at again, after the barrier: only
 * a copy that still holds the same, which is still not its source's, is a mismatch; any other is on its way.
 */
export async function verifyCopies(
  { passBarrier, compare }: VerifyParts,
  options: CompareOptions = {},
): Promise<Verification> {
  const { against, listsAll } = options;
  const again = (among: Differing) => compare({ among, against, listsAll });
  let { parked, parkedCounts } = await passBarrier();
  const whole = await compare(options);
  let last = whole;
  let stood: Differing = new Map();
  let held = whole.held;
  for (let look = 1; look < MOST_LOOKS && countKeys(last.differing) > countKeys(stood); look++) {
    ({ parked, parkedCounts } = await passBarrier());
    const next = await again(last.differing);
    stood = standing(last.differing, next.differing);
    held = unitedHeld(held, next.held);
    last = next;
  }
  const changing = countKeys(last.differing) - countKeys(stood);
  const { mismatches, differences, differing } = changing > 0 ? await again(stood) : last;
  return { ...whole, mismatches, differences, differing, changing, parked, parkedCounts, held };
}

/** What was held at either look was not compared. */
export function unitedHeld(...looks: readonly (readonly HeldCopy[])[]): HeldCopy[] {
  return [...new Map(looks.flat().map((one) => [`${one.source} ${one.copy}`, one])).values()];
}

/** The keys whose copies hold at both looks the same. */
function standing(before: Differing, now: Differing): Differing {
  const stood = [...now].map(
    ([source, keys]) =>
      [source, new Map([...keys].filter(([key, held]) => before.get(source)?.get(key) === held))] as const,
  );
  return new Map(stood);
}

function countKeys(differing: Differing): number {
  return [...differing.values()].reduce((total, keys) => total + keys.size, 0);
}
