import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from '../../domain/claim.ts';
import { must } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import type { Brake, Closed } from './brake.ts';
import type { FanOutEvents, FanOutLimits } from './copy-writer.ts';
import { fanOutClaim } from './fan-out-claim.ts';

/** How often idle workers look for keys that became due by time, or that another instance marked. */
const POLL_MS = 250;
const BRAKED_MS = 100;
/** Where so many changes of a source wait to be ingested, its keys ripen for so long: what changes again is written once. */
const MANY_WAITING = 1_000;
const RIPE_SECONDS = 5;
/** What was told of waiting changes counts for so long: another daemon may have them now. */
const TOLD_MS = 2_000;

export interface FanOutOptions extends FanOutLimits {
  readonly workers: number;
  readonly claimKeys: number;
}

/** The workers that take pending keys and make their copies equal to the mirror, until stopped. */
export class FanOut {
  readonly #store: Store;
  readonly #options: FanOutOptions;
  readonly #events: FanOutEvents;
  readonly #perseverance: Perseverance;
  readonly #brake: Brake;
  readonly #onBrake: (closed: Closed | undefined) => void;
  readonly #stopping = new AbortController();
  /** Wakes a worker that waits. */
  readonly #idle = new Set<() => void>();
  #workers: Promise<void>[] = [];
  #nextSource = 0;
  /** By partition with many changes that wait: of which source, and when that counts no more. */
  readonly #waiting = new Map<string, { readonly source: string; readonly until: number }>();

  /** `onBrake` is told, again and again, why the workers wait, or that they do not. */
  constructor(
    store: Store,
    options: FanOutOptions,
    events: FanOutEvents,
    perseverance: Perseverance,
    brake: Brake,
    onBrake: (closed: Closed | undefined) => void,
  ) {
    this.#store = store;
    this.#options = options;
    this.#events = events;
    this.#perseverance = perseverance;
    this.#brake = brake;
    this.#onBrake = onBrake;
  }

  start(): void {
    void this.#retryParked();
    this.#workers = Array.from({ length: this.#options.workers }, (_, i) =>
      // It throws only because it is being stopped.
      this.#work(`fan-out worker ${i + 1}`).catch(() => {}),
    );
  }

  /** What a target has refused may be what the configuration said then. */
  async #retryParked(): Promise<void> {
    const { database, sources } = this.#store;
    const retry = () => Promise.all([...sources.values()].map(({ pending }) => pending.retryParked(database)));
    // It throws only because it is being stopped.
    await this.#perseverance.run('parked keys', this.#stopping.signal, retry).catch(() => {});
  }

  /** Lets every worker finish its transaction and release the rest of its keys. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.notify();
    await Promise.all(this.#workers);
  }

  /** No worker has anything to write, or waits for the brake. */
  get isIdle(): boolean {
    return this.#idle.size === this.#workers.length;
  }

  /** Keys became pending: idle workers look at once. */
  notify(): void {
    for (const wake of this.#idle) wake();
  }

  /** To be told with each batch how many more changes of its partition wait to be ingested. */
  tellWaiting(source: string, partition: string, changes: number): void {
    if (changes > MANY_WAITING) this.#waiting.set(partition, { source, until: performance.now() + TOLD_MS });
    else this.#waiting.delete(partition);
  }

  #isBehind(name: string): boolean {
    const now = performance.now();
    return [...this.#waiting.values()].some(({ source, until }) => source === name && until > now);
  }

  async #work(part: string): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const outcome = await this.#perseverance.run(part, signal, () => this.#turn());
      if (signal.aborted) return;
      if (outcome === 'idle') await this.#waitForWork();
      if (outcome === 'braked') await delay(BRAKED_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #turn(): Promise<'worked' | 'idle' | 'braked'> {
    const closed = await this.#brake.closed();
    this.#onBrake(closed);
    if (closed) return 'braked';
    const claim = await this.#claim();
    if (!claim) return 'idle';
    await fanOutClaim(this.#store, claim, this.#options, this.#events, async () =>
      this.#stopping.signal.aborted ? 'stopping' : this.#brake.closed(),
    );
    return 'worked';
  }

  /** Keys of the first source that has any, each time beginning with another source. */
  async #claim(): Promise<Claim | undefined> {
    const sources = [...this.#store.sources];
    for (let i = 0; i < sources.length; i++) {
      const [name, source] = must(sources[this.#nextSource++ % sources.length], 'a source');
      const ripeSeconds = this.#isBehind(name) ? RIPE_SECONDS : 0;
      const claim = await this.#store.database.transaction('claim', async (tx) =>
        source.pending.claim(tx, this.#options.claimKeys, ripeSeconds),
      );
      if (claim) return claim;
    }
    return undefined;
  }

  /** Until keys are marked here, or it is time to look for others' marks. */
  async #waitForWork(): Promise<void> {
    const awake = new AbortController();
    const wake = () => awake.abort();
    this.#idle.add(wake);
    await delay(POLL_MS, undefined, { signal: awake.signal }).catch(() => {});
    this.#idle.delete(wake);
  }
}
