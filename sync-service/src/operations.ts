import {
  type Configuration,
  type ConnectClient,
  type ConnectorDefinition,
  changeTopic,
  type SourceMapping,
} from '@friend-sync/connectors';
import { type AppliedConnectors, applyConnectors } from './application/operate/apply-connectors.ts';
import { awaitRounds, type RoundEvents, type RoundTicket } from './application/operate/await-rounds.ts';
import { countKeys, type KeyCounts } from './application/operate/count-keys.ts';
import { type ListedLetter, listDeadLetters } from './application/operate/dead-letters.ts';
import { readDefinitions } from './application/operate/definitions.ts';
import { beginEpoch, type EpochParts, type EpochPlan, planEpoch } from './application/operate/epoch.ts';
import { type PartitionProgress, readProgress } from './application/operate/offsets.ts';
import { requireOwnNames } from './application/operate/own-names.ts';
import { markPending, type ReadOptions, requestReads } from './application/operate/requests.ts';
import {
  type ChosenTopics,
  executeReset,
  type OffsetMove,
  type OffsetTarget,
  planReset,
  type Skipping,
} from './application/operate/reset-offsets.ts';
import type { Servers } from './application/operate/servers.ts';
import { findDistrusted, findLost, reportRounds } from './application/operate/source-states.ts';
import type { OnStep } from './application/operate/steps.ts';
import { type BarrierResult, passBarrier } from './application/proof/barrier.ts';
import { findBehind } from './application/proof/caught-up.ts';
import { type CompareOptions, type Comparison, compareCopies } from './application/proof/compare.ts';
import { lateCopiesStream, type Stream, sourceStreams } from './application/proof/streams.ts';
import { type Verification, verifyCopies } from './application/proof/verify.ts';
import type { OnWait } from './application/proof/wait.ts';
import { Connections } from './connections.ts';
import type { Key } from './domain/change.ts';
import { SyncError } from './errors.ts';
import { readTopic } from './infrastructure/kafka/read-topic.ts';
import type { MigrationPlan } from './infrastructure/mysql/state/migrate.ts';
import type { Distrust } from './infrastructure/mysql/state/reads-store.ts';
import type { RoundReport } from './infrastructure/mysql/state/round-store.ts';
import { readHistory } from './infrastructure/mysql/state/server-state.ts';
import { findHeld, type HeldCopy, openStore, type SourceStore, type Store } from './infrastructure/mysql/store.ts';
import type { Logger } from './log.ts';

/** Everything an operator does besides running the daemon, on connections that are opened when they are needed. */
export class Operations implements AsyncDisposable {
  readonly configuration: Configuration;
  readonly connect: ConnectClient;
  readonly #connections: Connections;
  #store: Promise<Store> | undefined;

  constructor(configuration: Configuration, log: Logger) {
    this.configuration = configuration;
    this.#connections = new Connections(configuration, log);
    this.connect = this.#connections.connect;
  }

  /** For what asks the servers itself. */
  get servers(): Servers {
    const { configuration, connect } = this;
    return {
      configuration,
      connect,
      source: this.#connections.source,
      target: this.#connections.target,
      admin: this.#connections.admin,
      readTopic: (topic, onMessage) => readTopic(this.#connections.kafka, topic, onMessage),
    };
  }

  /** The change topics. */
  get topics(): string[] {
    return this.configuration.mapping.sources.map((source) => changeTopic(this.configuration.settings, source));
  }

  /** What `migrate` would run. Its library is loaded for it alone: no other command waits for that. */
  async planMigration(): Promise<MigrationPlan> {
    const { planMigration } = await import('./infrastructure/mysql/state/migrate.ts');
    return planMigration(this.configuration, this.#connections.source, this.#connections.target);
  }

  async executeMigration(): Promise<void> {
    const { executeMigration } = await import('./infrastructure/mysql/state/migrate.ts');
    return executeMigration(this.configuration, this.#connections.source, this.#connections.target);
  }

  /** See {@link readDefinitions}. */
  connectorDefinitions(): Promise<ConnectorDefinition[]> {
    return readDefinitions(this.configuration, this.#connections.target);
  }

  /** See {@link applyConnectors}. */
  async applyConnectors(deadlineMs: number, onStep: OnStep = () => {}): Promise<AppliedConnectors> {
    return applyConnectors(await this.#epochParts(), await this.connectorDefinitions(), deadlineMs, onStep);
  }

  async progress(): Promise<PartitionProgress[]> {
    const late = lateCopiesStream(this.configuration, this.#connections.target, this.connect);
    return readProgress(await this.store(), this.#connections.admin, [...this.topics, ...(late?.topics ?? [])]);
  }

  /** See {@link countKeys}. */
  async keys(): Promise<Record<string, KeyCounts>> {
    return countKeys(await this.store());
  }

  /** See {@link findBehind}. */
  async behind(): Promise<ReadonlyMap<string, string>> {
    return findBehind({ store: await this.store(), admin: this.#connections.admin }, this.#streams());
  }

  /** See {@link reportRounds}. */
  async rounds(): Promise<Record<string, RoundReport>> {
    return reportRounds(await this.store());
  }

  /** See {@link findDistrusted}. */
  async distrusted(): Promise<Record<string, readonly Distrust[]>> {
    return findDistrusted(await this.store());
  }

  /** See {@link findLost}. */
  async historyLost(): Promise<ReadonlyMap<string, SyncError>> {
    return findLost(await this.store());
  }

  async planReset(
    sources: readonly SourceMapping[],
    target: OffsetTarget,
    topics?: ChosenTopics,
  ): Promise<OffsetMove[]> {
    const { configuration, admin } = this.servers;
    return planReset({ configuration, admin, store: await this.store() }, sources, target, topics);
  }

  async executeReset(moves: readonly OffsetMove[], skipping?: Skipping): Promise<void> {
    return executeReset(await this.store(), this.#connections.admin, moves, skipping);
  }

  /** Asks a daemon to read every row of a source; {@link awaitRounds} waits for it. */
  async requestRound(
    source: SourceMapping,
    options: { takesGone?: number; joins?: boolean } = { joins: true },
  ): Promise<RoundTicket> {
    const { database } = await this.store();
    const { round } = await this.#sourceStore(source);
    return { source: source.name, request: await round.request(database, options) };
  }

  /** Has a daemon read every row of these sources, and returns when it has. */
  async backfill(sources: readonly SourceMapping[], deadlineMs: number): Promise<void> {
    await this.awaitRounds(await Promise.all(sources.map((source) => this.requestRound(source))), deadlineMs);
  }

  /** Returns when the rounds have ended; see {@link awaitRounds}. */
  async awaitRounds(tickets: readonly RoundTicket[], deadlineMs: number, events?: RoundEvents): Promise<void> {
    const streams = this.#streams().filter(({ sourceName }) => tickets.some(({ source }) => source === sourceName));
    return awaitRounds(await this.store(), streams, tickets, deadlineMs, events);
  }

  /** Asks a daemon to read the rows of these keys; see {@link requestReads}. */
  async requestReads(
    source: SourceMapping,
    keys: readonly Key[] | AsyncIterable<readonly Key[]>,
    options?: ReadOptions,
  ): Promise<number> {
    const { database } = await this.store();
    return requestReads(database, await this.#sourceStore(source), keys, options);
  }

  /** What {@link beginEpoch} would do; see {@link planEpoch}. */
  async planEpoch(sources: readonly SourceMapping[]): Promise<EpochPlan[]> {
    return planEpoch({ configuration: this.configuration, store: await this.store() }, sources);
  }

  /** Begins a new epoch of these sources, one after another; see {@link beginEpoch}. */
  async beginEpoch(sources: readonly SourceMapping[], onStep: OnStep = () => {}): Promise<void> {
    const parts = await this.#epochParts();
    await requireOwnNames(parts);
    // Nothing is given up for a beginning that its server would keep from ending.
    await readHistory(parts.source);
    for (const source of sources) await beginEpoch(parts, source, onStep);
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

  /** See {@link passBarrier}; of these sources alone, and of late copies. */
  async passBarrier(
    deadlineMs: number,
    onWait?: OnWait,
    sources: readonly SourceMapping[] = this.configuration.mapping.sources,
  ): Promise<BarrierResult> {
    const names = sources.map(({ name }) => name);
    const late = lateCopiesStream(this.configuration, this.#connections.target, this.connect);
    const changes = this.#streams().filter(({ sourceName = '' }) => names.includes(sourceName));
    const store = await this.store();
    const own = { ...store, sources: new Map([...store.sources].filter(([name]) => names.includes(name))) };
    const streams = [...changes, ...(late ? [late] : [])];
    return passBarrier({ streams, store: own, admin: this.#connections.admin }, deadlineMs, onWait);
  }

  /** Compares copies with their source while changes may go on; see {@link verifyCopies}. */
  verify(deadlineMs: number, onWait?: OnWait, options?: CompareOptions): Promise<Verification> {
    const passBarrier = () => this.passBarrier(deadlineMs, onWait);
    return verifyCopies({ passBarrier, compare: (one) => this.compareCopies(one) }, options);
  }

  /** The messages of a source that could not be decoded, oldest first. */
  async deadLetters(source: SourceMapping): Promise<ListedLetter[]> {
    const { schema } = await this.#sourceStore(source);
    return listDeadLetters(this.configuration.settings, source, schema, this.servers.readTopic);
  }

  /** Makes the copies of these keys equal to the mirror again, whether or not they differ. */
  async markPending(source: SourceMapping, keys: readonly Key[]): Promise<void> {
    const { database } = await this.store();
    return markPending(database, await this.#sourceStore(source), keys);
  }

  async compareCopies(options?: CompareOptions): Promise<Comparison> {
    const held = await this.held();
    return compareCopies(this.configuration, this.#connections.source, this.#connections.target, { ...options, held });
  }

  /** The copies that daemons neither write nor compare as their tables stand now. */
  async held(): Promise<HeldCopy[]> {
    return findHeld(await this.store());
  }

  store(): Promise<Store> {
    this.#store ??= openStore(this.configuration, this.#connections.target).catch((error) => {
      // Whoever looks again and again does so until it is there.
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  #streams(): Stream[] {
    return [...sourceStreams(this.configuration, this.#connections.source, this.connect).values()];
  }

  async #epochParts(): Promise<EpochParts> {
    return { ...this.servers, store: await this.store() };
  }

  async #sourceStore({ name }: SourceMapping): Promise<SourceStore> {
    const found = (await this.store()).sources.get(name);
    if (!found) throw new SyncError('internal', `no source ${name}`);
    return found;
  }
}
