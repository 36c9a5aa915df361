import type { Key } from '../../domain/change.ts';
import type { Claim, Cursor } from '../../domain/claim.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import type { Equalised } from '../../infrastructure/mysql/copy-store.ts';
import type { Transaction } from '../../infrastructure/mysql/database.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';

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
  /** A key could not be written, and is tried again later. */
  onPostponed(source: string, error: SyncError): void;
}

/**
 * Makes the copies of the claimed keys equal to the mirror. Keys whose copies fit one transaction go together; a key
 * with more gets one chunk and goes back to the queue, so that it delays nobody. What cannot be finished within half
 * the lease, or must not be while `hold` says so, is released.
 */
export async function fanOutClaim(
  store: Store,
  claim: Claim,
  limits: FanOutLimits,
  events: FanOutEvents,
  hold: Hold = async () => undefined,
): Promise<void> {
  const source = store.sources.get(claim.source);
  if (!source) throw new SyncError('internal', `a claim names the unknown source ${claim.source}`);
  const pass = new Pass(store, source.pass(), claim, limits, events);
  const deadline = performance.now() + limits.leaseMs / 2;
  const resumed = claim.keys.filter(({ cursor }) => cursor !== undefined);
  const { groups, large } = await pass.plan(
    claim.keys.filter(({ cursor }) => cursor === undefined).map(({ key }) => key),
  );
  const work = [
    ...groups.map((keys) => ({ keys, run: () => pass.applyGroup(keys, false) })),
    ...large.map((key) => ({ keys: [key], run: () => pass.applyChunk(key, undefined) })),
    ...resumed.map(({ key, cursor }) => ({ keys: [key], run: () => pass.applyChunk(key, cursor) })),
  ];
  for (const [i, { run }] of work.entries()) {
    if (performance.now() > deadline || (await hold()) !== undefined)
      return pass.release(work.slice(i).flatMap(({ keys }) => keys));
    await run();
  }
}

class Pass {
  readonly #store: Store;
  readonly #source: ReturnType<SourceStore['pass']>;
  readonly #claim: Claim;
  readonly #limits: FanOutLimits;
  readonly #events: FanOutEvents;

  constructor(
    store: Store,
    source: ReturnType<SourceStore['pass']>,
    claim: Claim,
    limits: FanOutLimits,
    events: FanOutEvents,
  ) {
    this.#store = store;
    this.#source = source;
    this.#claim = claim;
    this.#limits = limits;
    this.#events = events;
  }

  /** Groups keys so that no group has more than `chunkRows` copies in all; a key with more by itself is large. */
  async plan(keys: readonly Key[]): Promise<{ groups: Key[][]; large: Key[] }> {
    const limit = this.#limits.chunkRows;
    const sizes = new Map<Key, number>(keys.map((key) => [key, 0]));
    const { copies } = this.#source;
    const counts =
      keys.length > 0 ? await Promise.all(copies.map((copy) => copy.count(this.#store.database, keys, limit))) : [];
    for (const count of counts) for (const [key, n] of count) sizes.set(key, (sizes.get(key) ?? 0) + n);
    const groups: Key[][] = [];
    let room = 0;
    for (const [key, size] of sizes) {
      if (size > limit) continue;
      if (groups.length === 0 || size > room) {
        groups.push([]);
        room = limit;
      }
      groups.at(-1)?.push(key);
      room -= size;
    }
    return { groups, large: [...sizes].filter(([, size]) => size > limit).map(([key]) => key) };
  }

  /**
   * One transaction per target; the last one completes the keys. What fails for a group is tried by halves, so that
   * one key's trouble stays its own; then with the copies locked first, so that no ingest waits for it.
   */
  async applyGroup(keys: readonly Key[], copiesFirst: boolean): Promise<void> {
    try {
      for (const [i, copy] of this.#source.copies.entries()) {
        const isLast = i === this.#source.copies.length - 1;
        const written = await this.#transaction(async (tx) => {
          if (copiesFirst) await copy.lock(tx, keys);
          const [equalised] = await tx.roundTrip(
            (t) => [
              copy.makeEqual(t, keys),
              ...(isLast ? [this.#source.pending.complete(t, this.#claim.token, keys)] : []),
            ],
            'commit',
          );
          return equalised as Equalised;
        });
        this.#report(written, isLast);
      }
      if (this.#source.copies.length === 0)
        await this.#transaction((tx) => this.#source.pending.complete(tx, this.#claim.token, keys));
    } catch (error) {
      await this.#isolate(keys, toSyncError(error));
    }
  }

  async #isolate(keys: readonly Key[], error: SyncError): Promise<void> {
    if (error.kind !== 'store_contended' && error.kind !== 'store_refused') throw error;
    const [first] = keys;
    if (keys.length > 1 || first === undefined) {
      const middle = Math.ceil(keys.length / 2);
      await this.applyGroup(keys.slice(0, middle), true);
      await this.applyGroup(keys.slice(middle), true);
    } else {
      await this.#postpone(first, error);
    }
  }

  /** One chunk of a key with many copies: from the cursor over at most `chunkRows` rows of one target. */
  async applyChunk(key: Key, cursor: Cursor | undefined): Promise<void> {
    const { copies, pending } = this.#source;
    const at = cursor ? copies.findIndex(({ id }) => id === cursor.copy) : 0;
    const copy = copies[at];
    // The mapping changed since the cursor was stored: begin anew.
    if (!copy) return this.#transaction((tx) => pending.restart(tx, this.#claim.token, key));
    const after = cursor?.after ?? [];
    try {
      const upTo = await copy.chunkEnd(this.#store.database, key, after, this.#limits.chunkRows);
      const following = copies[at + 1];
      const next = upTo ? { copy: copy.id, after: upTo } : following && { copy: following.id, after: [] };
      const written = await this.#transaction(async (tx) => {
        const [equalised, isHeld] = await tx.roundTrip((t) => [
          copy.makeEqual(t, [key], { after, upTo }),
          next
            ? pending.pause(t, this.#claim.token, key, next)
            : pending.complete(t, this.#claim.token, [key]).then(() => true),
        ]);
        if (!isHeld) throw new SyncError('aborted', 'the claim was lost');
        return equalised;
      });
      this.#report(written, !next);
    } catch (error) {
      const fault = toSyncError(error);
      if (fault.kind === 'aborted') return;
      if (fault.kind !== 'store_contended' && fault.kind !== 'store_refused') throw fault;
      await this.#postpone(key, fault);
    }
  }

  async release(keys: readonly Key[]): Promise<void> {
    await this.#transaction((tx) => this.#source.pending.release(tx, this.#claim.token, keys));
  }

  async #postpone(key: Key, error: SyncError): Promise<void> {
    this.#events.onPostponed(this.#claim.source, error);
    const { pending } = this.#source;
    await this.#transaction((tx) =>
      error.kind === 'store_refused'
        ? pending.park(tx, this.#claim.token, key, error.message)
        : pending.retryLater(tx, this.#claim.token, key),
    );
  }

  #report(written: Equalised, isLast: boolean): void {
    this.#events.onWritten(written.changed);
    if (isLast) this.#events.onApplied(this.#claim.source, written.committedAtMs);
  }

  #transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#store.database.transaction('fan-out', work);
  }
}
