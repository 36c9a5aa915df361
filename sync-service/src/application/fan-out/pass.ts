import { compareKeys, type Key } from '../../domain/change.ts';
import type { Claim, ClaimedKey, Cursor, Met } from '../../domain/claim.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import type { CopyStore, Equalised } from '../../infrastructure/mysql/copies/copy-store.ts';
import type { Session, Transaction } from '../../infrastructure/mysql/server/database.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import { CopyWriter, type FanOutEvents, type FanOutLimits, type Hold } from './copy-writer.ts';

/** A target that cannot be written is tried again so much later. */
const UNFIT_SECONDS = 5;
/** Where somebody has locked copies, so many are tried at once: those of them that are free are not to wait long. */
const LOCKED_ROWS = 100;

/** What a key of a group has met. */
interface Stuck extends Met {
  /** In this target somebody else has locked copies. */
  readonly lockedIn?: string;
}

/** Keys that are written together. */
interface Group {
  /** Not completed yet. */
  readonly open: Set<Key>;
  readonly stuck: Map<Key, Stuck>;
}

/** Makes the copies of one claim's keys equal to the mirror, in as many transactions as that takes. */
export class Pass {
  readonly #store: Store;
  readonly #source: ReturnType<SourceStore['pass']>;
  readonly #claim: Claim;
  readonly #limits: FanOutLimits;
  readonly #events: FanOutEvents;
  readonly #writer: CopyWriter;

  constructor(
    store: Store,
    source: ReturnType<SourceStore['pass']>,
    claim: Claim,
    limits: FanOutLimits,
    events: FanOutEvents,
    hold: Hold,
  ) {
    this.#store = store;
    this.#source = source;
    this.#claim = claim;
    this.#limits = limits;
    this.#events = events;
    this.#writer = new CopyWriter(store, claim, limits, events, hold);
  }

  /** Nothing is written any more. */
  get isOver(): boolean {
    return this.#writer.isOver;
  }

  /** Groups keys so that no group has more than `chunkRows` copies in all; a key with more by itself is large. */
  async plan(keys: readonly Key[]): Promise<{ groups: Key[][]; large: Key[] }> {
    const limit = this.#limits.chunkRows;
    const sizes = new Map<Key, number>(keys.map((key) => [key, 0]));
    const counts = this.#source.copies.map((copy) =>
      this.#writer.try(copy, () => copy.count(this.#store.database, keys, limit)),
    );
    for (const count of await Promise.all(counts)) {
      if (count instanceof SyncError) continue;
      for (const [key, n] of count) sizes.set(key, (sizes.get(key) ?? 0) + n);
    }
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

  /** One transaction per target; a key that is stuck at one is written to the others all the same. */
  async applyGroup(keys: readonly Key[]): Promise<void> {
    const group: Group = { open: new Set(keys), stuck: new Map() };
    let stoppedIn: CopyStore | undefined;
    for (const copy of this.#source.copies) {
      await this.#equalise(copy, keys, group, false);
      if (this.#writer.isOver) stoppedIn ??= copy;
    }
    if (group.open.size > 0) await this.#settle(group, stoppedIn);
  }

  /**
   * The transaction of the last target completes the keys. What fails is tried by halves, so that one key's trouble stays
   * its own; then with the copies locked first and without waiting, so that neither ingest nor another key waits for it.
   */
  async #equalise(copy: CopyStore, keys: readonly Key[], group: Group, copiesFirst: boolean): Promise<void> {
    const { open, stuck } = group;
    const markUnfit = () => {
      for (const key of keys) stuck.set(key, { ...stuck.get(key), isUnfit: true });
    };
    if (this.#writer.unfit.has(copy)) return markUnfit();
    if (!(await this.#writer.goesOn())) return;
    const isLast = copy === this.#source.copies.at(-1);
    const done = isLast ? keys.filter((key) => !stuck.has(key)) : [];
    const written = await this.#writer.write(copy, async (tx) => {
      if (copiesFirst) await copy.lock(tx, keys);
      const [equalised] = await tx.roundTrip(
        (t) => [
          copy.makeEqual(t, keys),
          ...(done.length > 0 ? [this.#source.pending.complete(t, this.#claim.token, done)] : []),
        ],
        'commit',
      );
      return equalised as Equalised;
    });
    const [first] = keys;
    if (!(written instanceof SyncError)) {
      for (const key of done) open.delete(key);
      // What is stuck has not been applied.
      if (isLast && done.length === keys.length) this.#events.onApplied(this.#claim.source, written.committedAtMs);
    } else if (written.kind === 'copy_unfit') {
      markUnfit();
    } else if (keys.length > 1 || first === undefined) {
      const middle = Math.ceil(keys.length / 2);
      await this.#equalise(copy, keys.slice(0, middle), group, true);
      await this.#equalise(copy, keys.slice(middle), group, true);
    } else {
      const fault = await this.#writer.writeRest(copy, first, written);
      if (fault) stuck.set(first, { ...asStuck(copy, fault), ...stuck.get(first) });
    }
  }

  /**
   * One chunk of a key with many copies: from the cursor over at most `chunkRows` rows of one target. What was met there
   * goes with the cursor, so that the other chunks and targets are written all the same.
   */
  async applyChunk({ key, cursor }: ClaimedKey): Promise<void> {
    const { copies, pending } = this.#source;
    const at = cursor ? copies.findIndex(({ id }) => id === cursor.copy) : 0;
    const copy = copies[at];
    // The mapping changed since the cursor was stored: begin anew.
    if (!copy) return this.#transaction((tx) => pending.restart(tx, this.#claim.token, key));
    if (!(await this.#writer.goesOn())) return this.release([key]);
    const here: Cursor = { ...cursor, copy: copy.id, after: cursor?.after ?? [] };
    const following = copies[at + 1];
    try {
      await this.#writeChunk(copy, key, here, following && { ...here, copy: following.id, after: [] });
    } catch (error) {
      // Somebody else has the key now.
      if (toSyncError(error).kind !== 'aborted') throw error;
    }
  }

  async #writeChunk(copy: CopyStore, key: Key, here: Cursor, following: Cursor | undefined): Promise<void> {
    const { database } = this.#store;
    const { token } = this.#claim;
    const { pending } = this.#source;
    const { refused, isUnfit, after, isLocked } = here;
    const behind: Cursor | Met = following ?? { refused, isUnfit };
    const rows = isLocked ? Math.min(LOCKED_ROWS, this.#limits.chunkRows) : this.#limits.chunkRows;
    const upTo = await this.#writer.try(copy, () => copy.chunkEnd(database, key, after, rows));
    const range = { after, upTo: upTo instanceof SyncError ? undefined : upTo };
    const next = range.upTo ? { ...here, after: range.upTo, isLocked: false } : behind;
    const written =
      upTo instanceof SyncError
        ? upTo
        : await this.#writer.write(copy, async (tx) => {
            if (isLocked) await copy.lock(tx, [key], range);
            const [equalised] = await tx.roundTrip((t) => [copy.makeEqual(t, [key], range), this.#letGo(t, key, next)]);
            return equalised;
          });
    if (!(written instanceof SyncError)) {
      if (!following && !range.upTo && refused === undefined && !isUnfit)
        this.#events.onApplied(this.#claim.source, written.committedAtMs);
      return;
    }
    const fault = await this.#writer.writeRest(copy, key, written, range);
    if (fault?.kind === 'store_contended')
      await this.#transaction((tx) => pending.retryLater(tx, token, key, { ...here, isLocked: true }));
    else if (fault?.kind === 'copy_unfit')
      await this.#transaction((tx) => this.#letGo(tx, key, { ...behind, isUnfit: true }));
    else await this.#transaction((tx) => this.#letGo(tx, key, fault ? { ...next, refused: fault.message } : next));
  }

  /** Ends the turn of a group's keys that the last target's transactions have not completed. */
  async #settle({ open, stuck }: Group, stoppedIn: CopyStore | undefined): Promise<void> {
    const { pending } = this.#source;
    const { token } = this.#claim;
    const sorted = [...stuck].sort(([a], [b]) => compareKeys(String(a), String(b)));
    await this.#transaction((tx) =>
      tx.roundTrip((t) =>
        sorted.map(([key, { lockedIn: copy = stoppedIn?.id, ...met }]) =>
          copy === undefined
            ? this.#letGo(t, key, met)
            : pending.retryLater(t, token, key, { copy, after: [], isLocked: true, ...met }),
        ),
      ),
    );
    const rest = [...open].filter((key) => !stuck.has(key));
    if (rest.length === 0) return;
    if (stoppedIn) await this.release(rest);
    else await this.#transaction((tx) => pending.complete(tx, token, rest));
  }

  /** A key goes on at a cursor, or its pass ends with what was met. */
  async #letGo(t: Session, key: Key, to: Cursor | Met): Promise<void> {
    const { pending } = this.#source;
    const { token } = this.#claim;
    if ('copy' in to) {
      if (!(await pending.leaveAt(t, token, key, to))) throw new SyncError('aborted', 'the claim was lost');
    } else if (to.refused !== undefined) await pending.park(t, token, key, to.refused, this.#writer.waitsFor.get(key));
    else if (to.isUnfit) await pending.restart(t, token, key, UNFIT_SECONDS);
    else await pending.complete(t, token, [key]);
  }

  /** Lets keys go; their passes go on where they are. */
  async release(keys: readonly Key[]): Promise<void> {
    await this.#transaction((tx) => this.#source.pending.release(tx, this.#claim.token, keys));
  }

  #transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#store.database.transaction('fan-out', work);
  }
}

function asStuck({ id }: CopyStore, { kind, message }: SyncError): Stuck {
  if (kind === 'store_contended') return { lockedIn: id };
  return kind === 'copy_unfit' ? { isUnfit: true } : { refused: message };
}
