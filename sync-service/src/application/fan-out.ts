import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from '../domain/claim.ts';
import type { Store } from '../infrastructure/mysql/store.ts';
import { type FanOutEvents, type FanOutLimits, fanOutClaim } from './fan-out-claim.ts';
import type { Perseverance } from './perseverance.ts';

/** How often idle workers look for keys that became due by time, or that another instance marked. */
const POLL_MS = 250;

export interface FanOutOptions extends FanOutLimits {
  readonly workers: number;
  readonly claimKeys: number;
}

/** A worker that is kept free for the keys of one ingest transaction. Exactly one of its two methods must be called. */
export interface Reservation {
  run(claim: Claim): void;
  cancel(): void;
}

/** The workers that take pending keys and make their copies equal to the mirror, until stopped. */
export class FanOut {
  readonly #store: Store;
  readonly #options: FanOutOptions;
  readonly #events: FanOutEvents;
  readonly #perseverance: Perseverance;
  readonly #stopping = new AbortController();
  readonly #idle: ((claim: Claim | undefined) => void)[] = [];
  #workers: Promise<void>[] = [];
  #nextSource = 0;

  constructor(store: Store, options: FanOutOptions, events: FanOutEvents, perseverance: Perseverance) {
    this.#store = store;
    this.#options = options;
    this.#events = events;
    this.#perseverance = perseverance;
  }

  start(): void {
    this.#workers = Array.from({ length: this.#options.workers }, (_, i) =>
      // It throws only because it is being stopped.
      this.#work(`fan-out worker ${i + 1}`).catch(() => {}),
    );
  }

  /** Lets every worker finish its transaction; keys that are still claimed are free when their lease ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const wake of this.#idle.splice(0)) wake(undefined);
    await Promise.all(this.#workers);
  }

  /** Takes an idle worker aside, so that keys can be claimed for it in the transaction that marks them. */
  reserve(): Reservation | undefined {
    const wake = this.#idle.pop();
    return wake && { run: (claim) => wake(claim), cancel: () => wake(undefined) };
  }

  /** Keys became pending: idle workers look at once. */
  notify(): void {
    for (const wake of this.#idle.splice(0)) wake(undefined);
  }

  async #work(part: string): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const found = await this.#perseverance.run(part, signal, async () => {
        const claim = await this.#claim();
        if (claim) await fanOutClaim(this.#store, claim, this.#options, this.#events);
        return claim !== undefined;
      });
      if (found || signal.aborted) continue;
      const given = await this.#waitForWork();
      if (given)
        await this.#perseverance.run(part, signal, () => fanOutClaim(this.#store, given, this.#options, this.#events));
    }
  }

  /** Keys of the first source that has any, each time beginning with another source. */
  async #claim(): Promise<Claim | undefined> {
    const sources = [...this.#store.sources.values()];
    for (let i = 0; i < sources.length; i++) {
      const source = sources[this.#nextSource++ % sources.length];
      const claim = await this.#store.database.transaction('claim', async (tx) =>
        source?.pending.claim(tx, this.#options.claimKeys),
      );
      if (claim) return claim;
    }
    return undefined;
  }

  async #waitForWork(): Promise<Claim | undefined> {
    const awake = new AbortController();
    const given = new Promise<Claim | undefined>((resolve) => {
      this.#idle.push(resolve);
      delay(POLL_MS, undefined, { signal: awake.signal }).then(
        () => {
          const at = this.#idle.indexOf(resolve);
          // A reserved worker is no longer in the list: it waits for its reservation.
          if (at >= 0) resolve(this.#idle.splice(at, 1) && undefined);
        },
        () => {},
      );
    });
    return given.finally(() => awake.abort());
  }
}
