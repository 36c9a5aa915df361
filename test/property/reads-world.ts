import { fanOutClaim, ingest } from '@friend-sync/sync-service';
import { requestReads } from '../../sync-service/src/application/operate/requests.ts';
import type { ReadParts } from '../../sync-service/src/application/read/read-parts.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { cutting, tryAgain } from './disturbed.ts';
import type { LookAction, ReadsAction, ReadsDelivery } from './reads-actions.ts';
import { ReadsChecks } from './reads-checks.ts';
import { Look, type LookBegins } from './reads-look.ts';
import { backUp, type ReadsTables, restore } from './reads-tables.ts';
import { PARTITIONS } from './source-log.ts';
import { ToldSource } from './told-source.ts';

const TOPIC = 'test.account';
const LIMITS = { chunkRows: 1_000, leaseMs: 15_000 };
const NO_EVENTS = { onWritten() {}, onApplied() {}, onPostponed() {}, onFit() {} };
/** No look takes more steps. */
const ALL_STEPS = 12;

/** A source, its stream, daemons and readers, playing on the tables of one friend server. */
export class ReadsWorld {
  readonly log: ToldSource;
  readonly checks: ReadsChecks;
  readonly #tables: ReadsTables;
  readonly #parts: ReadParts;
  /** Where the daemon believes that it stands in each partition. */
  readonly #places = PARTITIONS.map(() => ({ epoch: 1, offset: 0 }));
  readonly #looks: (Look | undefined)[] = [undefined, undefined];
  readonly #stalled: Look[] = [];
  #hasBackup = false;

  constructor(tables: ReadsTables) {
    const { store, source } = tables.wide;
    const { user } = tables.server;
    this.#tables = tables;
    this.log = new ToldSource(tables);
    this.checks = new ReadsChecks(tables, this.log);
    const sent = async () => this.log.sent();
    const status = async () => ({ state: 'RUNNING', tasks: [] });
    this.#parts = {
      store,
      source,
      database: tables.readFrom,
      stream: { connectorName: 'source', server: user, sent, status, topics: [TOPIC], heartbeatTopic: 'heartbeat' },
      topic: TOPIC,
      // What the topic holds is in memory.
      admin: {} as KafkaAdmin,
      require: () => {},
      signal: new AbortController().signal,
    };
  }

  async begin(): Promise<void> {
    const { store } = this.#parts;
    await this.log.begin();
    const starts = PARTITIONS.map((partition) => ({ partition, low: 0n }));
    await store.database.transaction('adopting', (tx) => store.consumed.adopt(tx, TOPIC, starts));
  }

  async apply(action: ReadsAction): Promise<void> {
    await this.#do(action);
    await this.checks.now();
  }

  async #do(action: ReadsAction): Promise<void> {
    if (action.do === 'change') return this.log.change(action.key, action.columns, action.fate);
    if (action.do === 'delete') return this.log.delete(action.key, action.fate);
    if (action.do === 'send') return this.log.pass(action.count, action.behind);
    if (action.do === 'deliver') return this.#deliver(action);
    if (action.do === 'deliver late') return this.#deliverLate(action.partition, action.back);
    if (action.do === 'rewind') return this.#move(action.partition, BigInt(action.to));
    if (action.do === 'skip') return this.#skip(action.partition, action.by);
    if (action.do === 'epoch') return this.#beginEpoch();
    if (action.do === 'back up') return this.#backUp();
    if (action.do === 'restore') return this.#restore();
    if (action.do === 'ask') return this.#ask(action.key, action.takesGone);
    if (action.do === 'look') return this.#look(action);
    if (action.do === 'set aside') return this.#setAside(action.reader);
    if (action.do === 'wake') return this.#wake(action.stalled);
    if (action.do === 'together') return this.#together(action.count);
    return this.#fanOut();
  }

  /** Everything is sent and delivered, all rows are read undisturbed, and copies are made equal. */
  async settle(): Promise<void> {
    await this.log.pass(this.log.commits.length, 0);
    await this.#deliverAll();
    // A round finds which rows are gone; the looks at due keys that were left to it end afterwards.
    for (const isRound of [false, true, false]) await finish(this.#newLook({ isRound, observation: undefined }));
    await this.#fanOut();
    await this.checks.now();
    await this.checks.inTheEnd();
  }

  /** Readers that stalled until everything was over come back. */
  async wakeAll(): Promise<void> {
    for (const reader of this.#looks.keys()) this.#setAside(reader);
    while (this.#stalled.length > 0) await this.#wake(0);
    // That a row is gone of which nobody has heard leaves no trace; if such a reader writes it, the next round finds it.
    if (await this.checks.hasUnheardOf()) await finish(this.#newLook({ isRound: true, observation: undefined }));
    await this.#fanOut();
    await this.checks.now();
    await this.checks.inTheEnd();
  }

  async #deliver(delivery: ReadsDelivery): Promise<void> {
    const { friend, friendDb } = this.#tables.server;
    if (delivery.locked === undefined) return this.#store(delivery);
    await friend.transaction('the application', async (tx) => {
      await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id = ? FOR UPDATE`, [delivery.locked]);
      await this.#store(delivery);
    });
  }

  async #store({ partition, count, isFanOutIdle, isMended, cut }: Omit<ReadsDelivery, 'locked'>): Promise<void> {
    const { store, source } = this.#parts;
    const { epoch, offset } = this.#places[partition] ?? { epoch: 1, offset: 0 };
    const changes = await this.log.read(partition, offset, count, epoch, isMended);
    if (changes.length === 0) return this.#seek(partition);
    const database = cut ? cutting(store.database, this.#tables.server.friend, 1, cut) : store.database;
    const batch = { topic: TOPIC, partition, epoch, maxTimestampMs: 1, changes };
    const offsets = { expectedOffset: BigInt(offset), nextOffset: BigInt(offset + changes.length) };
    try {
      const outcome = await ingest({ ...store, database }, source, { ...batch, ...offsets }, isFanOutIdle);
      if (outcome.kind === 'moved') await this.#seek(partition);
      else this.#places[partition] = { epoch, offset: offset + changes.length };
    } catch (error) {
      tryAgain(error);
    }
  }

  /** The daemon learns where the database stands. */
  async #seek(partition: number): Promise<void> {
    const { store } = this.#parts;
    const consumed = await store.consumed.read(store.database, TOPIC, partition);
    if (consumed) this.#places[partition] = { epoch: consumed.epoch, offset: Number(consumed.nextOffset) };
  }

  async #deliverLate(partition: number, back: number): Promise<void> {
    const { store, source } = this.#parts;
    const { epoch, offset } = this.#places[partition] ?? { epoch: 1, offset: 0 };
    const from = offset - back;
    if (from < 0) return;
    const changes = await this.log.read(partition, from, back, epoch, true);
    const offsets = { expectedOffset: BigInt(from), nextOffset: BigInt(offset) };
    await ingest(store, source, { topic: TOPIC, partition, epoch, maxTimestampMs: 1, changes, ...offsets }, true);
  }

  async #deliverAll(): Promise<void> {
    const { store } = this.#parts;
    const whole = { count: 100, isFanOutIdle: false, isMended: true, cut: undefined };
    const isAt = async (partition: number, end: bigint) =>
      (await store.consumed.read(store.database, TOPIC, partition))?.nextOffset === end;
    for (const [partition, end] of this.log.ends())
      while (!(await isAt(partition, end))) await this.#store({ ...whole, partition });
  }

  async #move(partition: number, to: bigint): Promise<void> {
    const { store } = this.#parts;
    await store.database.transaction('moving', async (tx) => {
      const consumed = await store.consumed.lock(tx, TOPIC, partition);
      if (!consumed || to > (this.log.ends().get(partition) ?? 0n)) return;
      if (to < consumed.nextOffset) await store.consumed.rewind(tx, TOPIC, partition, to);
      else await store.consumed.skip(tx, TOPIC, partition, to, 1);
    });
  }

  async #skip(partition: number, by: number): Promise<void> {
    const { store } = this.#parts;
    const consumed = await store.consumed.read(store.database, TOPIC, partition);
    await this.#move(partition, (consumed?.nextOffset ?? 0n) + BigInt(by));
  }

  async #beginEpoch(): Promise<void> {
    const { store } = this.#parts;
    const executed = this.log.beginAnew();
    const starts = [...this.log.ends()].map(([partition, nextOffset]) => ({
      partition,
      nextOffset,
      maxTimestampMs: 0,
    }));
    await store.database.transaction('an epoch', (tx) => store.consumed.beginEpoch(tx, TOPIC, starts, executed));
  }

  async #backUp(): Promise<void> {
    await backUp(this.#tables);
    this.checks.backUp();
    this.#hasBackup = true;
  }

  async #restore(): Promise<void> {
    if (!this.#hasBackup) return;
    await restore(this.#tables);
    this.checks.restore();
  }

  async #ask(key: number, takesGone: boolean): Promise<void> {
    const { store, source } = this.#parts;
    await requestReads(store.database, source, [BigInt(key)], { takesGone });
    this.checks.asked.add(key);
  }

  async #look({ reader, steps, isRound, keepsObservation, fate, locked }: LookAction): Promise<void> {
    const { friend } = this.#tables.server;
    const last = this.#looks[reader];
    const observation = keepsObservation ? last?.observation : undefined;
    const look = last && !last.isOver ? last : this.#newLook({ isRound, observation });
    this.#looks[reader] = look;
    const go = async () => {
      for (let i = 1; i < steps; i++) await look.step();
      if (fate === 'stalls') await look.stall();
      else await look.step(fate === 'runs' ? undefined : fate);
    };
    if (locked === undefined) return go();
    await friend.transaction('somebody', async (tx) => {
      const sql = `SELECT k FROM ${this.#tables.state}.mirror_account WHERE k = ? FOR UPDATE`;
      await tx.rows('locking', sql, [locked]);
      await go();
    });
  }

  #newLook(begins: Omit<LookBegins, 'asked'>): Look {
    return new Look(this.#parts, this.#tables, this.log, { ...begins, asked: this.checks.asked });
  }

  #setAside(reader: number): void {
    const look = this.#looks[reader];
    if (look && !look.isOver) this.#stalled.push(look);
    this.#looks[reader] = undefined;
  }

  async #wake(stalled: number): Promise<void> {
    const [look] = this.#stalled.splice(stalled, 1);
    if (look) await finish(look);
  }

  async #together(count: number): Promise<void> {
    const plain = { count, isFanOutIdle: true, isMended: false, cut: undefined };
    await Promise.all([
      ...PARTITIONS.map((partition) => this.#store({ ...plain, partition })),
      ...this.#looks.map((look) => look?.step()),
    ]);
  }

  async #fanOut(): Promise<void> {
    const { store, source } = this.#parts;
    for (;;) {
      await this.#tables.server.friend.write('ending delays', `UPDATE ${this.#tables.state}.pending SET due = NOW(6)`);
      const claim = await store.database.transaction('claim', (tx) => source.pending.claim(tx, 10));
      if (!claim) return;
      await fanOutClaim(store, claim, LIMITS, NO_EVENTS);
    }
  }
}

/** As far as it comes: what it waits for may not come before it is forgotten. */
async function finish(look: Look): Promise<void> {
  for (let i = 0; i < ALL_STEPS && !look.isOver; i++) await look.step();
}
