import { setMaxListeners } from 'node:events';
import { type Configuration, ConnectClient, changeTopic } from '@friend-sync/connectors';
import { Brake } from './application/fan-out/brake.ts';
import { FanOut } from './application/fan-out/fan-out.ts';
import { createIngestHandler } from './application/ingest/ingest-handler.ts';
import { watchOffsets } from './application/ingest/offset-watch.ts';
import { watchTopics } from './application/ingest/topic-watch.ts';
import { fingerprintsOf } from './application/operate/fingerprints.ts';
import { watchHealing } from './application/operate/healing.ts';
import { requireOwnNamesIfToldSoon } from './application/operate/own-names.ts';
import { countHeartbeats, lateCopiesStream, sourceStreams } from './application/proof/streams.ts';
import { announceDaemon } from './application/watch/announce.ts';
import { watchConnector } from './application/watch/connector-watch.ts';
import { watchCopies } from './application/watch/copy-watch.ts';
import { countParked } from './application/watch/count-parked.ts';
import { Health } from './application/watch/health.ts';
import { Perseverance } from './application/watch/perseverance.ts';
import { watchProgress } from './application/watch/progress-watch.ts';
import { repeat } from './application/watch/repeat.ts';
import type { TableWatch } from './application/watch/table-watch.ts';
import { watchTopicRetention } from './application/watch/topic-retention.ts';
import { SyncError } from './errors.ts';
import { brakeListener, fanOutEvents } from './fan-out-events.ts';
import { followHistories } from './follow-histories.ts';
import { followLateCopies } from './follow-late-copies.ts';
import { type AdminServer, openAdminServer } from './infrastructure/admin-server.ts';
import { openKafkaAdmin } from './infrastructure/kafka/admin.ts';
import { createDecoder } from './infrastructure/kafka/avro.ts';
import { createKafka } from './infrastructure/kafka/client.ts';
import { type ChangeConsumer, crashOf, createChangeConsumer } from './infrastructure/kafka/consumer.ts';
import { messagesIn } from './infrastructure/kafka/new-messages.ts';
import { registryAnswers } from './infrastructure/kafka/registry-probe.ts';
import type { Database } from './infrastructure/mysql/database.ts';
import {
  findUnmade,
  openReadReplica,
  openReplicas,
  openSourceDatabase,
  openStore,
  openTarget,
} from './infrastructure/mysql/store.ts';
import type { Logger } from './log.ts';
import { lookAtTables } from './look-at-tables.ts';
import { Metrics } from './metrics.ts';
import { openReads } from './open-reads.ts';

/** A server that does not answer is not waited for any longer, when the service stops. */
const LEAVE_MS = 3_000;
/** Sources that were left out are looked at so often. */
const LOOK_EVERY_MS = 3_000;

export interface SyncServiceOptions {
  readonly configuration: Configuration;
  readonly log: Logger;
  /** A pass over a key's copies was committed, so many ms after the source's commit (clocks of both hosts). */
  readonly onApplied?: ((source: string, latencyMs: number) => void) | undefined;
  /** `migrate` has made room for a source that was left out: a service that is started now follows it. */
  readonly onMade?: () => void;
}

export interface SyncService {
  readonly health: Health;
  readonly metrics: Metrics;
  /** Where /livez, /readyz and /metrics answer, once started. */
  readonly adminPort: number;
  /**
   * Ends when the service runs (it may still wait for Kafka). Throws what keeps it from running, with every connection
   * closed; `aborted` where it was stopped while it waited for the database.
   */
  start(): Promise<void>;
  /** Finishes the transactions under way, leaves the group, closes every connection. May be called again. */
  stop(): Promise<void>;
}

/** The daemon as a library: makes the copies equal for as long as it runs. */
export function createSyncService({ configuration: given, log, onApplied, onMade }: SyncServiceOptions): SyncService {
  const { settings } = given;
  const intervalMs = settings.watch.intervalSeconds * 1000;
  const health = new Health();
  const metrics = new Metrics();
  const perseverance = new Perseverance(health, log, intervalMs);
  const stopping = new AbortController();
  const leaving = new AbortController();
  // As many parts wait as there are sources and partitions: that is no leak to warn of.
  setMaxListeners(0, stopping.signal, leaving.signal);
  const closers: (() => Promise<void>)[] = [];
  let adminServer: AdminServer | undefined;
  let consumer: ChangeConsumer | undefined;
  let starting: Promise<void> | undefined;

  function use<T extends AsyncDisposable>(resource: T): T {
    closers.push(async () => resource[Symbol.asyncDispose]());
    // A start that goes on would open what takes seconds to close.
    if (stopping.signal.aborted) throw new SyncError('aborted', 'stopping');
    return resource;
  }

  const persevere = <T>(work: () => Promise<T>) => perseverance.run('friend database', stopping.signal, work);

  async function run(): Promise<void> {
    const startedAt = Date.now();
    const lastProgressAt = () => Math.max(startedAt, consumer?.lastProgressAt() ?? 0);
    adminServer = use(await openAdminServer(settings.admin, health, metrics, lastProgressAt));
    const database = use(openTarget(given, leaving.signal));
    const configuration = await persevere(() => withoutUnmade(given, database));
    const { mapping } = configuration;
    const store = await persevere(() => openStore(configuration, database));
    use(await watchCopies({ store, health, log }));
    const kafka = createKafka(settings.kafka, log);
    const admin = use(openKafkaAdmin(kafka, leaving.signal));
    const brake = new Brake(store, openReplicas(configuration, leaving.signal).map(use), settings.brake);
    const events = fanOutEvents(metrics, brake, health, log, onApplied);
    // What the rate would not let through is not claimed, only to be released again.
    const atMost = (count: number) => Math.min(count, settings.brake.rowsPerSecond ?? count);
    const { chunkRows, claimKeys } = settings.fanOut;
    const limits = { ...settings.fanOut, chunkRows: atMost(chunkRows), claimKeys: atMost(claimKeys) };
    const fanOut = new FanOut(store, limits, events, perseverance, brake, brakeListener(metrics, health, log));
    const source = use(openSourceDatabase(configuration, leaving.signal));
    const connect = new ConnectClient(settings.connect.url, stopping.signal);
    const sources = new Map(mapping.sources.map((source) => [changeTopic(settings, source), source]));
    const names = { configuration, store, admin, connect };
    await perseverance.run('names', stopping.signal, () => requireOwnNamesIfToldSoon(names));
    use(await announceDaemon(store, health, fingerprintsOf(given.mapping), metrics.recent));
    use(countParked(store, metrics, intervalMs));
    const streams = sourceStreams(configuration, source, connect);
    const messages = messagesIn(kafka, admin, leaving.signal);
    const histories = await followHistories({ streams, connect, messages, store, persevere, use, health, log });
    const { reads: replica } = settings.source;
    const readFrom = replica ? use(openReadReplica(configuration, replica, leaving.signal)) : source;
    const shared = { store, database: source, readFrom, admin, settings, fanOut, perseverance, health, metrics, log };
    let tables: TableWatch | undefined;
    /** Nothing is stored of a source, and nothing compared, while its changes or its table are not what they were. */
    const require = (name: string) => {
      histories.get(name)?.check();
      if (!tables) throw new SyncError('user_database_unavailable', 'its tables have not been looked at yet');
      tables.check(name);
    };
    // Ended before the workers that they wake, and after the consumer that tells them of changes.
    const reads = await openReads({ ...shared, streams, require, persevere, use });
    const looking = { configuration, source, target: database, connect, messages, streams, reads, health, log };
    tables = use(await lookAtTables(looking));
    const changes = createChangeConsumer({
      kafka,
      admin,
      groupId: settings.kafka.groupId,
      sessionTimeoutMs: settings.kafka.sessionTimeoutMs,
      topics: [...sources.keys()],
      partitionsConcurrently: settings.kafka.partitions,
      batchMessages: settings.ingest.batchMessages,
      handler: createIngestHandler({
        store,
        admin,
        decoder: createDecoder(settings.registry),
        fanOut,
        events,
        perseverance,
        reads,
        require,
        metrics,
        log,
        groupId: settings.kafka.groupId,
        sources,
        signal: stopping.signal,
      }),
      events: {
        onState(state, detail) {
          health.setState(state);
          if (state === 'crashed') health.report('consumer', crashOf(detail?.error));
          if (state === 'consuming') health.clear('consumer');
          if (state === 'joining') metrics.rebalances.inc();
        },
      },
      log,
    });
    consumer = changes;
    fanOut.start();
    closers.push(() => fanOut.stop());
    await changes.start();
    closers.push(() => changes.stop());
    use(watchOffsets(store, changes, log));
    use(await watchTopics({ store, admin, consumer: changes, topics: [...sources.keys()], log }, intervalMs));
    const late = lateCopiesStream(configuration, database, connect);
    for (const mapped of mapping.sources) {
      const { name } = mapped;
      const [stream, history, own] = [streams.get(name), histories.get(name), store.sources.get(name)];
      if (!stream || !history || !own) continue;
      const beforeRestart = () => history.requireIntact();
      const onRecovered = async () => reads.get(name)?.beginProbation();
      const heartbeats = () => countHeartbeats(admin, stream);
      const options = { part: `connector of ${name}`, heartbeats, beforeRestart, onRecovered };
      const connector = use(watchConnector(connect, stream.connectorName, health, log, options));
      const afterMs = settings.watch.healAfterSeconds * 1000;
      const epoch = { configuration, store, admin, connect, source };
      const canServe = async () => (await registryAnswers(settings.registry)) && (await answers(source));
      use(watchHealing({ epoch, source: mapped, reads: own.reads, history, connector, canServe, afterMs, log }));
    }
    if (late) {
      const { signal } = stopping;
      const parts = { store, admin, fanOut, perseverance, metrics, log, signal, kafka, connect, health, configuration };
      use(await followLateCopies({ ...parts, require, changes: streams, stream: late }));
    }
    use(watchTopicRetention({ store, admin, topics: [...sources.keys()], health }, intervalMs));
    use(watchProgress({ streams: [...streams.values(), ...(late ? [late] : [])], store, admin }, health, intervalMs));
  }

  /** A source that `migrate` has yet to make room for is left out, named, and looked at; all others do not wait for it. */
  async function withoutUnmade(whole: Configuration, database: Database): Promise<Configuration> {
    const unmade = await findUnmade(whole, database);
    const sources = whole.mapping.sources.filter(({ name }) => !unmade.has(name));
    if (sources.length === 0) return whole;
    for (const [name, problem] of unmade) {
      log.error({ source: name, problem }, 'the source is left out');
      health.report(`source ${name}`, new SyncError('store_misconfigured', problem));
    }
    const look = async () => {
      if ((await findUnmade(whole, database)).size < unmade.size) onMade?.();
    };
    if (unmade.size > 0) use(repeat(LOOK_EVERY_MS, () => look().catch(() => {})));
    return { ...whole, mapping: { sources } };
  }

  async function shutDown(): Promise<void> {
    stopping.abort();
    const timer = setTimeout(() => leaving.abort(), LEAVE_MS);
    // Beside the other consumer: leaving a group takes seconds where Kafka does not answer.
    void consumer?.stop();
    // What it opens until it hears of the stop is to be closed as well.
    await starting?.catch(() => {});
    // In reverse order: the consumer before the workers it feeds, both before their connections.
    for (const close of closers.reverse()) await close();
    clearTimeout(timer);
    health.setState('stopped');
  }

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= shutDown();
    return stopped;
  };

  return {
    health,
    metrics,
    get adminPort() {
      return adminServer?.port ?? 0;
    },
    async start() {
      try {
        starting = run();
        await starting;
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

async function answers(server: Database): Promise<boolean> {
  return server.rows('asking whether it answers', 'SELECT 1').then(
    () => true,
    () => false,
  );
}
