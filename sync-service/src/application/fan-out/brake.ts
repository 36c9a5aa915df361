import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { readReplicaLag, readThreadsRunning } from '../../infrastructure/mysql/server/server-load.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

const LOOK_EVERY_MS = 1_000;

export interface BrakeLimits {
  /** Most copies that this daemon writes in a second, on average; undefined: as fast as it can. */
  readonly rowsPerSecond?: number | undefined;
  /** Fan-out waits while the friend server executes more statements than this at once. */
  readonly threadsRunning: number;
  /** Fan-out waits while a replica is further behind. */
  readonly replicaLagSeconds: number;
}

/** Why fan-out waits. */
export interface Closed {
  readonly by: 'pause' | 'load' | 'replica' | 'rate';
  readonly reason: string;
}

/**
 * Keeps fan-out from hurting the friend server: it waits while an operator has paused it, while the server is busy or a
 * replica lags, and when it has written its share for now. Only fan-out waits; changes are ingested meanwhile.
 */
export class Brake {
  readonly #store: Store;
  readonly #replicas: readonly Database[];
  readonly #limits: BrakeLimits;
  #looked: { readonly at: number; readonly closed: Closed | undefined } | undefined;
  /** Copies that may be written before the rate closes the brake. */
  #allowance: number;
  #refilledAt = performance.now();

  constructor(store: Store, replicas: readonly Database[], limits: BrakeLimits) {
    this.#store = store;
    this.#replicas = replicas;
    this.#limits = limits;
    this.#allowance = limits.rowsPerSecond ?? 0;
  }

  /** Undefined: go on. Looks at the servers at most once a second. */
  async closed(): Promise<Closed | undefined> {
    const now = performance.now();
    if (!this.#looked || now - this.#looked.at >= LOOK_EVERY_MS) this.#looked = { at: now, closed: await this.#look() };
    return this.#looked.closed ?? this.#rate(now);
  }

  /** To be told of every copy that was written. */
  spent(copies: number): void {
    this.#allowance -= copies;
  }

  async #look(): Promise<Closed | undefined> {
    const { database, pause } = this.#store;
    const since = await pause.since(database);
    if (since !== undefined) return { by: 'pause', reason: `paused since ${since} UTC` };
    const running = await readThreadsRunning(database);
    const { threadsRunning, replicaLagSeconds } = this.#limits;
    if (running > threadsRunning)
      return {
        by: 'load',
        reason: `the friend server runs ${running} statements at once, more than ${threadsRunning}`,
      };
    // A replica that cannot say how far it is behind holds nothing up: it may be down for long.
    const lags = await Promise.all(this.#replicas.map((replica) => readReplicaLag(replica).catch(() => undefined)));
    const lag = Math.max(0, ...lags.map((seconds) => seconds ?? 0));
    if (lag > replicaLagSeconds)
      return { by: 'replica', reason: `a replica is ${lag} s behind, more than ${replicaLagSeconds} s` };
    return undefined;
  }

  #rate(now: number): Closed | undefined {
    const { rowsPerSecond } = this.#limits;
    if (rowsPerSecond === undefined) return undefined;
    const earned = ((now - this.#refilledAt) / 1000) * rowsPerSecond;
    this.#allowance = Math.min(rowsPerSecond, this.#allowance + earned);
    this.#refilledAt = now;
    return this.#allowance > 0 ? undefined : { by: 'rate', reason: `more than ${rowsPerSecond} copies in a second` };
  }
}
