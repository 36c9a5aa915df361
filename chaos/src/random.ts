import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The same draws for the same seed and name; streams of different names do not depend on each other's use. */
export class Random {
  readonly #generator;

  constructor(seed: number, name: string) {
    // FNV-1a: similar names become far apart numbers.
    let hash = 0x811c9dc5;
    for (const character of `${seed} ${name}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    this.#generator = xoroshiro128plus(hash);
  }

  /** An integer; both ends are possible. */
  between(lowest: number, highest: number): number {
    return uniformInt(this.#generator, lowest, highest);
  }

  isOneIn(n: number): boolean {
    return this.between(1, n) === 1;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.between(0, items.length - 1)] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return items.map(() => left.splice(this.between(0, left.length - 1), 1)[0] as T);
  }
}
