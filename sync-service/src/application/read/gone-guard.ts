import type { Key } from '../../domain/change.ts';

/** So many keys may be gone at once unheard of, whatever the size of the source … */
export const FEW_KEYS = 100;
/** … or this share of it. */
const SHARE = 0.001;
/** No more are remembered. */
const MOST_KEYS = 10_000;

/**
 * Counts the keys of a round whose rows are gone, though no message said so. A few are deletes that were not heard of. Many
 * are more likely a TRUNCATE, a dropped partition, an import under way, or another database than was meant: somebody has
 * to say that they count as deleted, and has said so of as many as are confirmed.
 */
export class GoneGuard {
  #live = 0;
  #count = 0;
  readonly #keys: Key[] = [];
  readonly #confirmed: number;

  constructor(confirmed: number) {
    this.#confirmed = confirmed;
  }

  /** So many keys that the mirror has live were looked for, and these were not found. */
  add(lookedFor: number, gone: readonly Key[]): void {
    this.#live += lookedFor;
    this.#count += gone.length;
    this.#keys.push(...gone.slice(0, MOST_KEYS - this.#keys.length));
  }

  get count(): number {
    return this.#count;
  }

  /** They count as deleted; otherwise they are too many. */
  get isTaken(): boolean {
    return this.#count <= this.#confirmed + Math.max(FEW_KEYS, this.#live * SHARE);
  }

  /** All of them; undefined: they are too many to be remembered. */
  get keys(): readonly Key[] | undefined {
    return this.#count === this.#keys.length ? this.#keys : undefined;
  }
}
