import type { ColumnKind } from '../../../domain/column-types.ts';
import type { Likeness, PairGuess } from './match.ts';
import type { PairSample } from './sample.ts';
import { isAmount, wordsOf } from './words.ts';

export interface Verdict {
  readonly isProposed: boolean;
  /** For the operator, without a value. */
  readonly why: string;
  /** Share of the sample that holds the same; 0 where it does not tell. */
  readonly share: number;
}

/** Fewer rows prove nothing where names do not. */
const FEWEST = 20;
/** Of copies that something keeps equal; and of those that nobody has corrected for a while. */
const MOST = 0.9;
const HALF = 0.5;

const NAMES: Readonly<Record<Likeness, string>> = {
  clear: 'the names match',
  likely: 'the names are alike',
  unsaid: 'the same name, but not whose it is',
  vague: 'a name that many tables have',
};

/** Whether a pair is proposed; undefined: it is not worth a word. `kind`: of the source's column, if it can be mapped. */
export function judge(
  { column, from, likeness }: PairGuess,
  kind: ColumnKind | undefined,
  sample: PairSample | undefined,
): Verdict | undefined {
  const { found = 0, equal = 0, empty = 0, byChance = 0 } = sample ?? {};
  const filled = found - empty;
  const share = filled > 0 ? equal / filled : 0;
  const why = `${NAMES[likeness]}; ${tell(sample)}`;
  const verdict = (isProposed: boolean, more = '') => ({ isProposed, why: why + more, share });
  const isNamed = likeness === 'clear' || likeness === 'likely';
  const isWorthAWord = likeness !== 'vague' || (filled > 0 && share >= HALF && byChance < equal);
  const leftOut = (more: string) => (isWorthAWord ? verdict(false, more) : undefined);

  if (kind === 'decimal' || isAmount(wordsOf(column)) || isAmount(wordsOf(from)))
    return leftOut(': an amount is usually kept as it was on its day');
  if (isNamed && kind !== 'integer' && kind !== 'unsigned') {
    if (filled === 0 || share >= MOST) return verdict(true);
    if (share >= HALF) return verdict(true, ': CHECK that the others are out of date, and not kept as they were');
    return leftOut(': too few, so it is another thing, or kept as it was on its day');
  }
  if (filled < FEWEST || byChance >= HALF * filled) return leftOut(': the names alone do not tell');
  return share >= MOST ? verdict(true) : leftOut(': too few, so it is another thing, or kept as it was on its day');
}

function tell(sample: PairSample | undefined): string {
  if (!sample) return 'no copies were sampled';
  const { found, equal, empty } = sample;
  if (found === 0) return 'there is nothing to compare yet';
  return `${equal} of ${found} sampled copies hold the same${empty ? `, ${empty} are empty` : ''}`;
}
