import type { Comparison, Some } from './compare.ts';

/** A key that is changed again and again may differ at each look, and be right all the same. */
const MOST_LOOKS = 5;

export interface VerifyParts {
  /** Returns when everything committed before the call has been applied. */
  readonly passBarrier: () => Promise<unknown>;
  readonly compare: (some?: Some) => Promise<Comparison>;
}

/**
 * Compares every copy with its source while changes may go on. What differs is looked at again, after the barrier: a
 * change on its way is no drift. Of the result, `mismatches`, `examples` and `differing` are those of the last look.
 */
export async function verifyCopies({ passBarrier, compare }: VerifyParts): Promise<Comparison> {
  await passBarrier();
  const whole = await compare();
  let last = whole;
  for (let look = 1; look < MOST_LOOKS && last.mismatches > 0; look++) {
    await passBarrier();
    last = await compare(last.differing);
  }
  const { mismatches, examples, differing } = last;
  return { ...whole, mismatches, examples, differing };
}
