/** A connector says twice a second that it reads. */
const SILENT_MS = 10_000;
/**
 * One that begins is given more time, and more with each restart: Connect takes 30 s to say that a task has failed, and
 * reading a long schema history takes what it takes.
 */
const BEGINNING_MS = 40_000;
const PATIENCE = 4;
const LONGEST_SILENCE_MS = 600_000;
/** An answer that took longer says how it was, not how it is. */
const ANSWER_MS = 2_000;

/** How long a connector that runs has said nothing. */
export class Silence {
  readonly #heartbeats: () => Promise<bigint>;
  readonly #steadyLooks: number;
  #count: bigint | undefined;
  #since = 0;
  /** Of one that was not heard steadily since it began. */
  #patienceMs = BEGINNING_MS;
  #heardLooks: number;
  /** It was restarted for it, and has not been heard since. */
  isBroken = false;

  /** `steadyLooks`: what is heard at so many looks in a row runs steadily. */
  constructor(heartbeats: () => Promise<bigint>, steadyLooks: number) {
    this.#heartbeats = heartbeats;
    this.#steadyLooks = steadyLooks;
    // It has run for long when the first look finds it running, most likely.
    this.#heardLooks = steadyLooks - 1;
  }

  /** To be asked at each look that finds the connector running. */
  async isTooLong(): Promise<boolean> {
    // While Kafka does not answer, nobody can tell.
    const askedAt = performance.now();
    const answer = await this.#heartbeats().catch(() => undefined);
    const count = performance.now() - askedAt < ANSWER_MS ? answer : undefined;
    if (count !== undefined && count === this.#count)
      return performance.now() - this.#since > (this.#isSteady ? SILENT_MS : this.#patienceMs);
    if (count !== undefined && this.#count !== undefined) {
      this.isBroken = false;
      this.#heardLooks++;
      if (this.#isSteady) this.#patienceMs = BEGINNING_MS;
    }
    this.#count = count;
    this.#since = performance.now();
    return false;
  }

  /** What it does not run, it need not say. */
  forget(): void {
    this.#count = undefined;
    this.#heardLooks = 0;
  }

  /** It begins anew. */
  wasBroken(): void {
    if (!this.#isSteady) this.#patienceMs = Math.min(LONGEST_SILENCE_MS, this.#patienceMs * PATIENCE);
    this.forget();
    this.isBroken = true;
  }

  get #isSteady(): boolean {
    return this.#heardLooks >= this.#steadyLooks;
  }
}
