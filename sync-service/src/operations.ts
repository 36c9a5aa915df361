import {
  type Configuration,
  ConnectClient,
  type ConnectorDefinition,
  changeTopic,
  connectorDefinitions,
  type SourceMapping,
} from '@friend-sync/connectors';
import { type AppliedConnectors, applyConnectors } from './application/operate/apply-connectors.ts';
import { type BackfillEvents, backfillParts, runBackfill } from './application/operate/backfill.ts';
import { type ListedLetter, listDeadLetters } from './application/operate/dead-letters.ts';
import { beginEpoch, type EpochPlan, planEpoch } from './application/operate/epoch.ts';
import { takeAsDeleted } from './application/operate/gone.ts';
import {
  executeReset,
  type OffsetMove,
  type OffsetTarget,
  type PartitionProgress,
  planReset,
  readProgress,
} from './application/operate/offsets.ts';
import { type BarrierResult, passBarrier } from './application/proof/barrier.ts';
import { type Comparison, compareCopies } from './application/proof/compare.ts';
import { lateCopiesStream, sourceStream } from './application/proof/streams.ts';
import { type Verification, verifyCopies } from './application/proof/verify.ts';
import type { Key } from './domain/change.ts';
import { SyncError } from './errors.ts';
import { type KafkaAdmin, openKafkaAdmin } from './infrastructure/kafka/admin.ts';
import { createKafka } from './infrastructure/kafka/client.ts';
import { readTopic } from './infrastructure/kafka/read-topic.ts';
import type { Database } from './infrastructure/mysql/database.ts';
import { executeMigration, type MigrationPlan, planMigration } from './infrastructure/mysql/migrate.ts';
import type { PatrolReport } from './infrastructure/mysql/patrol-store.ts';
import { openSourceDatabase, openStore, openTarget, type Store } from './infrastructure/mysql/store.ts';
import { readPrimaryKeys } from './infrastructure/mysql/target-table.ts';
import type { Logger } from './log.ts';

export interface KeyCounts {
  readonly pending: number;
  readonly parked: number;
  readonly inDoubt: number;
  readonly incomplete: number;
}

/** Everything an operator does besides running the daemon, on connections that are opened when they are needed. */
export class Operations implements AsyncDisposable {
  readonly configuration: Configuration;
  readonly connect: ConnectClient;
  readonly #log: Logger;
  readonly #closers: (() => Promise<void>)[] = [];
  #source: Database | undefined;
  #target: Database | undefined;
  #store: Promise<Store> | undefined;
  #kafka: ReturnType<typeof createKafka> | undefined;
  #admin: KafkaAdmin | undefined;

  constructor(configuration: Configuration, log: Logger) {
    this.configuration = configuration;
    this.connect = new ConnectClient(configuration.settings.connect.url);
    this.#log = log;
  }

  /** The change topics. */
  get topics(): string[] {
    return this.configuration.mapping.sources.map((source) => changeTopic(this.configuration.settings, source));
  }

  /** What `migrate` would run. */
  planMigration(): Promise<MigrationPlan> {
    return planMigration(this.configuration, this.#sourceDatabase(), this.#targetDatabase());
  }

  executeMigration(plan: MigrationPlan): Promise<void> {
    return executeMigration(this.configuration, plan);
  }

  /** Every connector as it should be; the friend database is asked for its tables' primary keys. */
  async connectorDefinitions(): Promise<ConnectorDefinition[]> {
    const { mapping, settings } = this.configuration;
    const none = () => [];
    const primaryKeys = settings.lateCopies.enabled ? await readPrimaryKeys(this.#targetDatabase(), mapping) : none;
    return connectorDefinitions(this.configuration, primaryKeys);
  }

  async applyConnectors(deadlineMs: number): Promise<AppliedConnectors> {
    const requestPatrol = async () => {
      const { database, patrol } = await this.store();
      await patrol.request(database);
    };
    const definitions = await this.connectorDefinitions();
    return applyConnectors(
      this.configuration,
      definitions,
      this.#kafkaAdmin(),
      this.connect,
      requestPatrol,
      deadlineMs,
    );
  }

  async progress(): Promise<PartitionProgress[]> {
    const late = lateCopiesStream(this.configuration, this.#targetDatabase(), this.connect);
    return readProgress(await this.store(), this.#kafkaAdmin(), [...this.topics, ...(late?.topics ?? [])]);
  }

  /**
   * Keys by source: pending and parked ones, those whose last read is in doubt, and those of which some column is
   * unknown, which a backfill completes. Reads the mirrors whole.
   */
  async keys(): Promise<Record<string, KeyCounts>> {
    const { database, sources } = await this.store();
    const counts = [...sources].map(async ([name, { pending, doubts, mirror }]) => {
      const [inDoubt, incomplete] = await Promise.all([doubts.count(database), mirror.countIncomplete(database)]);
      return [name, { ...(await pending.count(database)), inDoubt, incomplete }] as const;
    });
    return Object.fromEntries(await Promise.all(counts));
  }

  /** What the last complete round of the patrol found. */
  async patrol(): Promise<PatrolReport> {
    const { database, patrol } = await this.store();
    return patrol.report(database);
  }

  /** Why the changes of the user database can no longer be followed; until a new epoch begins. */
  async historyLost(): Promise<SyncError | undefined> {
    const { database, serverState, sources } = await this.store();
    const seen = await Promise.all([...sources.keys()].map((name) => serverState.read(database, name)));
    const lost = seen.find((server) => server?.lost)?.lost;
    return lost && new SyncError('history_lost', lost.reason);
  }

  async planReset(sources: readonly SourceMapping[], target: OffsetTarget): Promise<OffsetMove[]> {
    const topics = sources.map((source) => changeTopic(this.configuration.settings, source));
    return planReset(await this.store(), this.#kafkaAdmin(), topics, target);
  }

  async executeReset(moves: readonly OffsetMove[]): Promise<void> {
    return executeReset(await this.store(), this.#kafkaAdmin(), moves);
  }

  /** Asks for a backfill and returns when the connector has sent its rows; see {@link runBackfill}. */
  runBackfill(
    source: SourceMapping,
    keys: readonly Key[] | undefined,
    deadlineMs: number,
    events?: BackfillEvents,
  ): Promise<void> {
    return runBackfill(this.#backfillParts(), source, keys, deadlineMs, events);
  }

  /** What {@link beginEpoch} would do; see {@link planEpoch}. */
  async planEpoch(sources: readonly SourceMapping[]): Promise<EpochPlan> {
    return planEpoch(await this.#epochParts(), sources);
  }

  /** Begins a new epoch, and returns when the connector has read every row again. */
  async beginEpoch(plan: EpochPlan, deadlineMs: number): Promise<void> {
    return beginEpoch(await this.#epochParts(), plan, deadlineMs);
  }

  /** Pauses the fan-out of every daemon; changes are ingested meanwhile. */
  async pause(): Promise<void> {
    const { database, pause } = await this.store();
    await pause.pause(database);
  }

  async resume(): Promise<void> {
    const { database, pause } = await this.store();
    await pause.resume(database);
  }

  async passBarrier(deadlineMs: number): Promise<BarrierResult> {
    const changes = sourceStream(this.configuration, this.#sourceDatabase(), this.connect);
    const late = lateCopiesStream(this.configuration, this.#targetDatabase(), this.connect);
    const streams = late ? [changes, late] : [changes];
    return passBarrier({ streams, store: await this.store(), admin: this.#kafkaAdmin() }, deadlineMs);
  }

  /** Compares every copy with its source while changes may go on; see {@link verifyCopies}. */
  verify(deadlineMs: number): Promise<Verification> {
    return verifyCopies({
      passBarrier: () => this.passBarrier(deadlineMs),
      compare: (before) => compareCopies(this.configuration, this.#sourceDatabase(), this.#targetDatabase(), before),
    });
  }

  /** The messages of a source that could not be decoded, oldest first. */
  async deadLetters(source: SourceMapping): Promise<ListedLetter[]> {
    const schema = (await this.store()).sources.get(source.name)?.schema;
    if (!schema) throw new SyncError('internal', `no source ${source.name}`);
    const read = (topic: string, onMessage: Parameters<typeof readTopic>[2]) =>
      readTopic(this.#kafkaClient(), topic, onMessage);
    return listDeadLetters(this.configuration.settings, source, schema, read);
  }

  /** Makes the copies of these keys equal to the mirror again, whether or not they differ. */
  async markPending(source: SourceMapping, keys: readonly Key[]): Promise<void> {
    const { database, sources } = await this.store();
    await sources.get(source.name)?.pending.mark(database, keys);
  }

  /** Gives the copies of keys that the source no longer has what the delete policy says; see {@link takeAsDeleted}. */
  async takeAsDeleted(source: SourceMapping, keys: readonly Key[]): Promise<number> {
    return takeAsDeleted({ store: await this.store(), source: this.#sourceDatabase() }, source, keys);
  }

  compareCopies(): Promise<Comparison> {
    return compareCopies(this.configuration, this.#sourceDatabase(), this.#targetDatabase());
  }

  store(): Promise<Store> {
    this.#store ??= openStore(this.configuration, this.#targetDatabase());
    return this.#store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
  }

  async #epochParts() {
    return {
      configuration: this.configuration,
      store: await this.store(),
      admin: this.#kafkaAdmin(),
      connect: this.connect,
      backfill: this.#backfillParts(),
    };
  }

  #backfillParts() {
    return backfillParts(this.configuration.settings, this.#kafkaClient(), this.#kafkaAdmin());
  }

  #sourceDatabase(): Database {
    this.#source ??= this.#keep(openSourceDatabase(this.configuration));
    return this.#source;
  }

  #targetDatabase(): Database {
    this.#target ??= this.#keep(openTarget(this.configuration));
    return this.#target;
  }

  #kafkaClient() {
    this.#kafka ??= createKafka(this.configuration.settings.kafka, this.#log);
    return this.#kafka;
  }

  #kafkaAdmin(): KafkaAdmin {
    this.#admin ??= this.#keep(openKafkaAdmin(this.#kafkaClient()));
    return this.#admin;
  }

  #keep<T extends AsyncDisposable>(resource: T): T {
    this.#closers.push(async () => resource[Symbol.asyncDispose]());
    return resource;
  }
}
