/** What a topic held of changes whose values are numbered, seen in the order of each key's offsets. */
export interface TopicTally {
  readonly records: number;
  /** The same change again. */
  readonly duplicates: number;
  /** An older value than the same key had at a lower offset: who believes it takes a copy back. */
  readonly backwards: number;
  /** Committed changes that the topic does not hold. */
  readonly lost: number;
}

/** Keeps what a consumer of the topic sees; each version of a key is committed once. */
export class TopicHistory {
  readonly #seen = new Map<number, Set<number>>();
  readonly #newest = new Map<number, number>();
  #records = 0;
  #duplicates = 0;
  #backwards = 0;

  add(key: number, version: number): void {
    const seen = this.#seen.get(key) ?? new Set();
    this.#records++;
    if (seen.has(version)) this.#duplicates++;
    if (version < this.newest(key)) this.#backwards++;
    this.#seen.set(key, seen.add(version));
    this.#newest.set(key, Math.max(version, this.newest(key)));
  }

  /** The newest version of a key that was seen; 0: none. */
  newest(key: number): number {
    return this.#newest.get(key) ?? 0;
  }

  /** Compares what was seen with what the source committed. */
  tally(committed: ReadonlyMap<number, readonly number[]>): TopicTally {
    let lost = 0;
    for (const [key, versions] of committed)
      lost += versions.filter((version) => !this.#seen.get(key)?.has(version)).length;
    return { records: this.#records, duplicates: this.#duplicates, backwards: this.#backwards, lost };
  }
}
