import type { Random } from '../random.ts';

/** One kind of fault, which begins and ends by itself. */
export interface Fault {
  readonly kind: string;
  /** What it takes hold of. Faults that share one of these never overlap; all others may. */
  readonly subjects: readonly string[];
  /** Breaks something, and resolves when that is whole again. */
  inflict(random: Random): Promise<void>;
}
