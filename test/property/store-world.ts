import { type Claim, type Database, fanOutClaim, ingest } from '@friend-sync/sync-service';
import { expect } from 'vitest';
import { cutting, stalling, tryAgain } from './disturbed.ts';
import type { FriendTables, Opened } from './friend-tables.ts';
import { KEYS, PARTITIONS, partitionOf, SourceLog } from './source-log.ts';
import type { Action, Delivery } from './store-actions.ts';

const TOPIC = 'test.account';
/** So few copies go in one transaction that a key has several chunks. */
const LIMITS = { chunkRows: 2, leaseMs: 15_000 };
const NO_EVENTS = { onWritten() {}, onApplied() {}, onPostponed() {}, onFit() {} };
const PLAIN: Omit<Delivery, 'partition'> = { count: 1, isFanOutIdle: false, locked: undefined, cut: undefined };

interface Reader {
  /** Where the daemon believes that it stands, and where the database stands. */
  believed: number;
  stored: number;
  /** The offset after the last message that was ever stored. */
  high: number;
}

/** A source, its topic, daemons and the application, playing on the tables of one friend server. */
export class StoreWorld {
  readonly log = new SourceLog();
  readonly #tables: FriendTables;
  readonly #readers: Reader[] = PARTITIONS.map(() => ({ believed: 0, stored: 0, high: 0 }));
  readonly #claims: Claim[] = [];
  readonly #stalled: { open(): void; ended: Promise<void> }[] = [];
  /** Late copies whose event has yet to come. */
  #unseen: bigint[] = [];
  #opened: Opened;

  constructor(tables: FriendTables) {
    this.#tables = tables;
    this.#opened = tables.wide;
  }

  async begin(): Promise<void> {
    const { store } = this.#opened;
    const starts = PARTITIONS.map((partition) => ({ partition, low: 0n }));
    await store.database.transaction('adopting', (tx) => store.consumed.adopt(tx, TOPIC, starts));
  }

  async apply(action: Action): Promise<void> {
    if (action.do === 'change') this.log.change(action.key, action.columns);
    else if (action.do === 'delete') this.log.delete(action.key);
    else if (action.do === 'backfill') this.log.backfill([action.key]);
    else if (action.do === 'deliver') await this.#deliver(action);
    else if (action.do === 'deliver late') await this.#deliverLate(action.partition, action.back);
    else if (action.do === 'rewind') await this.#rewind(action.partition, action.to);
    else if (action.do === 'claim') await this.#claim(action.limit, action.takesOver);
    else if (action.do === 'work') await this.#work(action);
    else if (action.do === 'wake') await this.#wake(action.worker);
    else if (action.do === 'fan out all') await this.#fanOutAll();
    else if (action.do === 'together') await this.#together(action.count);
    else if (action.do === 'late copy') await this.#lateCopy(action.key, action.back, action.how);
    else if (action.do === 'see late copies') await this.#seeLateCopies();
    else this.#remap();
  }

  /** Everything arrives: late copies are seen, the topic is read to its end, leases and delays end, all is fanned out. */
  async settle(): Promise<void> {
    await this.#seeLateCopies();
    for (const partition of PARTITIONS) {
      while ((this.#readers[partition]?.stored ?? 0) < (this.log.partitions[partition]?.length ?? 0)) {
        await this.#deliver({ ...PLAIN, partition });
        await this.#fanOutAll();
      }
    }
    await this.#sweep();
    await this.#fanOutAll();
  }

  /** A round of the patrol, as far as copies are concerned: a target that is added has copies that nothing has marked. */
  async #sweep(): Promise<void> {
    const { store, source } = this.#opened;
    for (const { fit } of source.mapped) {
      const differing = (await fit?.sweep.differing(store.database, { after: [] })) ?? [];
      await source.pending.mark(
        store.database,
        differing.map(({ key }) => key),
      );
    }
  }

  async #fanOutAll(): Promise<void> {
    for (let claim = await this.#claim(10, true); claim; claim = await this.#claim(10, true))
      await fanOutClaim(this.#opened.store, claim, LIMITS, NO_EVENTS);
  }

  /** Workers that stalled until everything was over come back. */
  async wakeAll(): Promise<void> {
    while (this.#stalled.length > 0) await this.#wake(0);
  }

  async #deliver({ partition, count, isFanOutIdle, locked, cut }: Delivery): Promise<void> {
    const { friend, friendDb } = this.#tables.server;
    const deliver = () => this.#store(partition, count, isFanOutIdle, cut);
    if (locked === undefined) return deliver();
    await friend.transaction('the application', async (tx) => {
      await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id = ? FOR UPDATE`, [locked]);
      await deliver();
    });
  }

  async #store(partition: number, count: number, isFanOutIdle: boolean, cut?: Delivery['cut']): Promise<void> {
    const { store, source } = this.#opened;
    const reader = this.#readers[partition] as Reader;
    const from = reader.believed;
    const batch = this.#batch(partition, from, count);
    const database = cut ? cutting(store.database, this.#tables.server.friend, 1, cut) : store.database;
    const isCurrent = from === reader.stored;
    const end = from + batch.changes.length;
    try {
      const outcome = await ingest({ ...store, database }, source, batch, isFanOutIdle);
      expect(outcome.kind).toBe(isCurrent ? 'stored' : 'moved');
      reader.believed = outcome.kind === 'stored' ? end : Number(outcome.consumed?.nextOffset);
      expect(reader.believed).toBe(isCurrent ? end : reader.stored);
    } catch (error) {
      tryAgain(error);
      // What was committed may have been a write-through that had left the batch to another transaction.
      const consumed = await store.consumed.read(store.database, TOPIC, partition);
      if (Number(consumed?.nextOffset) !== end) return;
    }
    if (isCurrent) {
      reader.stored = end;
      reader.high = Math.max(reader.high, end);
    }
  }

  #batch(partition: number, from: number, count: number) {
    const changes = this.log.read(partition, from, count, this.#opened.source.schema.mapping.columns);
    const offsets = { expectedOffset: BigInt(from), nextOffset: BigInt(from + changes.length) };
    return { topic: TOPIC, partition, epoch: 1, ...offsets, maxTimestampMs: 1, changes };
  }

  async #deliverLate(partition: number, back: number): Promise<void> {
    const { store, source } = this.#opened;
    const from = (this.#readers[partition]?.stored ?? 0) - back;
    if (from < 0) return;
    expect(await ingest(store, source, this.#batch(partition, from, back), true)).toMatchObject({ kind: 'moved' });
  }

  async #rewind(partition: number, to: number): Promise<void> {
    const { store } = this.#opened;
    const reader = this.#readers[partition] as Reader;
    if (to >= reader.stored) return;
    await store.database.transaction('rewinding', async (tx) => {
      await store.consumed.lock(tx, TOPIC, partition);
      await store.consumed.rewind(tx, TOPIC, partition, BigInt(to));
    });
    reader.stored = to;
  }

  async #claim(limit: number, takesOver: boolean): Promise<Claim | undefined> {
    const { store, source } = this.#opened;
    if (takesOver) await this.#endLeases();
    const claim = await store.database.transaction('claim', (tx) => source.pending.claim(tx, limit));
    if (claim) this.#claims.push(claim);
    return claim;
  }

  /** A claim is never forgotten: whoever has it may come back with it at any time. */
  async #work({ claim, fate, nth }: Extract<Action, { do: 'work' }>): Promise<void> {
    const { store } = this.#opened;
    const held = this.#claims.at(-1 - claim);
    if (!held) return;
    const fanOut = (database: Database) => fanOutClaim({ ...store, database }, held, LIMITS, NO_EVENTS).catch(tryAgain);
    if (fate === 'runs') return fanOut(store.database);
    if (fate !== 'stalls') return fanOut(cutting(store.database, this.#tables.server.friend, nth, fate));
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await new Promise<void>((stalls) => {
      const ended = fanOut(stalling(store.database, nth, gate, stalls)).finally(stalls);
      this.#stalled.push({ open, ended });
    });
  }

  async #wake(worker: number): Promise<void> {
    const [stalled] = this.#stalled.splice(worker, 1);
    stalled?.open();
    await stalled?.ended;
  }

  async #endLeases(): Promise<void> {
    await this.#tables.server.friend.write('ending leases', `UPDATE ${this.#tables.state}.pending SET due = NOW(6)`);
  }

  /** Both partitions and two workers at once. */
  async #together(count: number): Promise<void> {
    const worker = async () => {
      const claim = await this.#claim(2, false);
      if (claim) await fanOutClaim(this.#opened.store, claim, LIMITS, NO_EVENTS);
    };
    await Promise.all([...PARTITIONS.map((partition) => this.#store(partition, count, true)), worker(), worker()]);
  }

  async #lateCopy(key: number, back: number, how: 'insert' | 're-add'): Promise<void> {
    const { friend, friendDb } = this.#tables.server;
    const state = this.log.history.get(key)?.at(-1 - back);
    if (!state) return;
    const { row, offset } = state;
    const isAhead = offset >= (this.#readers[partitionOf(key)]?.high ?? 0);
    const values = [row.nick, row.avatar, isAhead ? 'ahead' : null, key];
    await friend.transaction('the application', async (tx) => {
      await tx.write('telling the triggers', 'SET @by_application = 1');
      const sql =
        how === 'insert'
          ? `INSERT INTO ${friendDb}.friend (nick, avatar, remark, friend_id) VALUES (?, ?, ?, ?)`
          : `UPDATE ${friendDb}.friend SET nick = ?, avatar = ?, remark = ? WHERE friend_id = ? ORDER BY id LIMIT 1`;
      await tx.write('a late copy', sql, values);
    });
    this.#unseen.push(BigInt(key));
  }

  async #seeLateCopies(): Promise<void> {
    const { store, source } = this.#opened;
    await store.database.transaction('marking', (tx) => source.pending.mark(tx, [...new Set(this.#unseen)]));
    this.#unseen = [];
  }

  #remap(): void {
    const isWide = this.#opened === this.#tables.wide;
    this.#opened = isWide ? this.#tables.narrow : this.#tables.wide;
    this.log.hasAvatar = !isWide;
    if (!isWide) this.log.backfill(KEYS);
  }

  get columns(): readonly string[] {
    return this.#opened.source.schema.mapping.columns;
  }
}
