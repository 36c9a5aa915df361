import type { Key } from '../../domain/change.ts';
import type { Claim } from '../../domain/claim.ts';
import { SyncError } from '../../errors.ts';
import type { CopyStore, Equalised } from '../../infrastructure/mysql/copies/copy-store.ts';
import type { Transaction } from '../../infrastructure/mysql/server/database.ts';
import type { Range } from '../../infrastructure/mysql/server/key-order.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** Asked before each transaction; undefined: go on. */
export type Hold = () => Promise<unknown>;

export interface FanOutLimits {
  readonly chunkRows: number;
  readonly leaseMs: number;
}

export interface FanOutEvents {
  /** Copies of one target were made equal and committed. */
  onWritten(copyCount: number): void;
  /** A key's pass ended; `committedAtMs` is when the source committed its newest change, where known. */
  onApplied(source: string, committedAtMs: readonly number[]): void;
  /** A key could not be written by a copy mapping, and is tried again later. */
  onPostponed(source: string, error: SyncError, key: Key, copy: string): void;
  /** A copy mapping could be written, or why it cannot be, whatever the key. */
  onFit(copy: string, error: SyncError | undefined): void;
}

/**
 * Writes to the targets for one claim, as long as it may, and finds out whose a failure is: of copies that somebody has
 * locked, of a key that a target refuses, or of a target as a whole.
 */
export class CopyWriter {
  readonly #store: Store;
  readonly #source: string;
  readonly #limits: FanOutLimits;
  readonly #events: FanOutEvents;
  readonly #hold: Hold;
  readonly #deadline: number;
  /** Targets that cannot be written as a whole, and are left alone until the next claim. */
  readonly unfit = new Set<CopyStore>();
  /** The keys whose copies hold what a refused key is to get. */
  readonly waitsFor = new Map<Key, Key>();
  /** No transaction begins any more: half of the lease is over, or fan-out is held. */
  isOver = false;

  constructor(store: Store, claim: Claim, limits: FanOutLimits, events: FanOutEvents, hold: Hold) {
    this.#store = store;
    this.#source = claim.source;
    this.#limits = limits;
    this.#events = events;
    this.#hold = hold;
    this.#deadline = performance.now() + limits.leaseMs / 2;
  }

  /** To be asked before each transaction that writes copies. */
  async goesOn(): Promise<boolean> {
    this.isOver ||= performance.now() > this.#deadline || (await this.#hold()) !== undefined;
    return !this.isOver;
  }

  /** A transaction that writes copies of one target; see {@link try}. */
  async write(copy: CopyStore, work: (tx: Transaction) => Promise<Equalised>): Promise<Equalised | SyncError> {
    const written = await this.try(copy, () => this.#store.database.transaction('fan-out', work));
    if (!(written instanceof SyncError)) {
      this.#events.onWritten(written.changed);
      this.#events.onFit(copy.id, undefined);
    }
    return written;
  }

  /** What `work` returns, or the fault for which keys or the whole target must wait. Throws what holds up every target. */
  async try<T>(copy: CopyStore, work: () => Promise<T>): Promise<T | SyncError> {
    try {
      return await work();
    } catch (error) {
      const fault = copy.fault(error);
      if (fault.kind === 'copy_unfit') {
        this.unfit.add(copy);
        this.#events.onFit(copy.id, fault);
      } else if (fault.kind !== 'store_contended' && fault.kind !== 'store_refused') throw fault;
      return fault;
    }
  }

  /**
   * Writes what one key's copies can take where the whole was refused: column by column. Returns what stands in the way
   * of the rest.
   */
  async writeRest(copy: CopyStore, key: Key, refusal: SyncError, range?: Range): Promise<SyncError | undefined> {
    const fault = range?.upTo || range?.after.length ? refusal : await this.#exchange(copy, key, refusal);
    if (fault?.kind !== 'store_refused' || copy.columns.length === 1) return fault && this.#tell(copy, fault, key);
    let rest: SyncError | undefined;
    for (const column of copy.columns) {
      if (!(await this.goesOn())) return this.#tell(copy, rest ?? fault, key);
      const written = await this.write(copy, (tx) => copy.makeEqual(tx, [key], range, column));
      if (written instanceof SyncError && rest?.kind !== 'store_contended')
        rest = written.kind === 'store_refused' ? fault : written;
    }
    return rest && this.#tell(copy, rest, key);
  }

  /**
   * Where values that must be unique go from key to key, writes those keys together. Returns what stands in the way of
   * the key that was refused.
   */
  async #exchange(copy: CopyStore, key: Key, refusal: SyncError): Promise<SyncError | undefined> {
    const { database } = this.#store;
    const exchange = await this.try(copy, () => copy.exchangeOf(database, key, refusal, this.#limits.chunkRows));
    if (!exchange || exchange instanceof SyncError || !(await this.goesOn())) return refusal;
    const written = await this.write(copy, (tx) => copy.makeEqualTogether(tx, exchange));
    if (!(written instanceof SyncError)) return undefined;
    if (written.kind !== 'store_refused') return written;
    const [, holder = key] = exchange.keys;
    this.waitsFor.set(key, holder);
    const advice = exchange.clear ? '' : '; keys can only exchange values that may be NULL';
    return new SyncError('store_refused', `${refusal.message}: that of key ${holder}${advice}`);
  }

  #tell({ id }: CopyStore, fault: SyncError, key: Key): SyncError {
    if (fault.kind !== 'copy_unfit') this.#events.onPostponed(this.#source, fault, key, id);
    return fault;
  }
}
