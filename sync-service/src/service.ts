import { setMaxListeners } from 'node:events';
import { type Configuration, changeTopic } from '@friend-sync/connectors';
import type { FanOut } from './application/fan-out/fan-out.ts';
import { openFanOut } from './application/fan-out/open-fan-out.ts';
import { followChanges } from './application/ingest/follow-changes.ts';
import { followLateCopies } from './application/late-copies/follow.ts';
import { fingerprintsOf } from './application/operate/fingerprints.ts';
import { requireOwnNamesIfToldSoon } from './application/operate/own-names.ts';
import { lateCopiesStream, sourceStreams } from './application/proof/streams.ts';
import { openReads } from './application/read/open-reads.ts';
import { announceDaemon } from './application/supervise/announce.ts';
import { watchCopies } from './application/supervise/copy-watch.ts';
import { countParked } from './application/supervise/count-parked.ts';
import { followHistories } from './application/supervise/follow-histories.ts';
import { Health } from './application/supervise/health.ts';
import { lookAtTables } from './application/supervise/look-at-tables.ts';
import { watchOffsets } from './application/supervise/offset-watch.ts';
import { Perseverance } from './application/supervise/perseverance.ts';
import { watchProgress } from './application/supervise/progress-watch.ts';
import type { TableWatch } from './application/supervise/table-watch.ts';
import { watchTopicRetention } from './application/supervise/topic-retention.ts';
import { watchTopics } from './application/supervise/topic-watch.ts';
import { withoutUnmade } from './application/supervise/unmade-sources.ts';
import { watchSources } from './application/supervise/watch-sources.ts';
import { Connections } from './connections.ts';
import { SyncError } from './errors.ts';
import { type AdminServer, openAdminServer } from './infrastructure/http/admin-server.ts';
import type { KafkaAdmin } from './infrastructure/kafka/admin.ts';
import type { ChangeConsumer } from './infrastructure/kafka/consumer.ts';
import { messagesIn } from './infrastructure/kafka/new-messages.ts';
import { openStore, type Store } from './infrastructure/mysql/store.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';

/** A server that does not answer is not waited for any longer, when the service stops. */
const LEAVE_MS = 3_000;

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
export function createSyncService(options: SyncServiceOptions): SyncService {
  return new Service(options);
}

class Service implements SyncService {
  readonly health = new Health();
  readonly metrics = new Metrics();
  readonly #options: SyncServiceOptions;
  readonly #perseverance: Perseverance;
  readonly #stopping = new AbortController();
  readonly #leaving = new AbortController();
  readonly #closers: (() => Promise<void>)[] = [];
  #adminServer: AdminServer | undefined;
  #consumer: ChangeConsumer | undefined;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: SyncServiceOptions) {
    this.#options = options;
    this.#perseverance = new Perseverance(this.health, options.log, this.#intervalMs);
    // As many parts wait as there are sources and partitions: that is no leak to warn of.
    setMaxListeners(0, this.#stopping.signal, this.#leaving.signal);
  }

  get adminPort(): number {
    return this.#adminServer?.port ?? 0;
  }

  async start(): Promise<void> {
    try {
      this.#starting = this.#run();
      await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  get #intervalMs(): number {
    return this.#options.configuration.settings.watch.intervalSeconds * 1000;
  }

  readonly #use = <T extends AsyncDisposable>(resource: T): T => {
    this.#closers.push(async () => resource[Symbol.asyncDispose]());
    // A start that goes on would open what takes seconds to close.
    if (this.#stopping.signal.aborted) throw new SyncError('aborted', 'stopping');
    return resource;
  };

  readonly #persevere = <T>(work: () => Promise<T>): Promise<T> =>
    this.#perseverance.run('friend database', this.#stopping.signal, work);

  /** In the order in which each needs what is there before it; it ends in the reverse order. */
  async #run(): Promise<void> {
    const parts = await this.#open();
    const { configuration, connections, store, admin, health } = parts;
    const { connect, source, target } = connections;
    const streams = sourceStreams(configuration, source, connect);
    const messages = messagesIn(connections.kafka, admin, this.#leaving.signal);
    const followed = { ...parts, connect, source, target, streams, messages };
    const histories = await followHistories(followed);
    let tables: TableWatch | undefined;
    /** Nothing is stored of a source, and nothing compared, while its changes or its table are not what they were. */
    const require = (name: string) => {
      histories.get(name)?.check();
      if (!tables) throw new SyncError('user_database_unavailable', 'its tables have not been looked at yet');
      tables.check(name);
    };
    const { settings } = configuration;
    const reads = await openReads({ ...followed, database: source, readFrom: connections.reads, settings, require });
    tables = this.#use(await lookAtTables({ ...followed, reads }));
    const { signal } = this.#stopping;
    const ingesting = { ...followed, kafka: connections.kafka, reads, require, signal };
    const topics = configuration.mapping.sources.map((mapped) => changeTopic(settings, mapped));
    await this.#consume(followChanges(ingesting), parts, topics);
    watchSources({ ...followed, histories, reads });
    const late = lateCopiesStream(configuration, target, connect);
    if (late) this.#use(await followLateCopies({ ...ingesting, changes: streams, stream: late }));
    this.#use(watchTopicRetention({ store, admin, topics, health }, this.#intervalMs));
    const followedStreams = [...streams.values(), ...(late ? [late] : [])];
    this.#use(watchProgress({ streams: followedStreams, store, admin }, health, this.#intervalMs));
  }

  /** What all parts share: the connections, the store, and the workers, which are not started yet. */
  async #open() {
    const { configuration: given, log, onMade, onApplied } = this.#options;
    const { health, metrics } = this;
    const [use, persevere, perseverance] = [this.#use, this.#persevere, this.#perseverance];
    const startedAt = Date.now();
    const lastProgressAt = () => Math.max(startedAt, this.#consumer?.lastProgressAt() ?? 0);
    this.#adminServer = use(await openAdminServer(given.settings.admin, health, metrics, lastProgressAt));
    const connections = use(new Connections(given, log, this.#leaving.signal, this.#stopping.signal));
    const { target, connect, admin, replicas } = connections;
    const configuration = await persevere(() => withoutUnmade(given, { target, health, log, onMade, use }));
    const store = await persevere(() => openStore(configuration, target));
    use(await watchCopies({ store, health, log }));
    const names = { configuration, store, admin, connect };
    await perseverance.run('names', this.#stopping.signal, () => requireOwnNamesIfToldSoon(names));
    const fingerprints = fingerprintsOf(given.mapping);
    use(await announceDaemon(store, health, fingerprints, metrics.recent));
    use(countParked(store, metrics, this.#intervalMs));
    const shared = { store, perseverance, health, metrics, log };
    const workers = openFanOut({ ...shared, settings: given.settings, replicas, onApplied });
    return { ...shared, ...workers, configuration, connections, admin, fingerprints, use, persevere };
  }

  /** The workers are started before what feeds them. */
  async #consume(changes: ChangeConsumer, parts: ConsumingParts, topics: readonly string[]): Promise<void> {
    const { fanOut, store, admin, log } = parts;
    this.#consumer = changes;
    fanOut.start();
    this.#closers.push(() => fanOut.stop());
    await changes.start();
    this.#use(changes);
    this.#use(watchOffsets(store, changes, log));
    this.#use(await watchTopics({ store, admin, consumer: changes, topics, log }, this.#intervalMs));
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    const timer = setTimeout(() => this.#leaving.abort(), LEAVE_MS);
    // Beside the other consumer: leaving a group takes seconds where Kafka does not answer.
    void this.#consumer?.stop();
    // What it opens until it hears of the stop is to be closed as well.
    await this.#starting?.catch(() => {});
    // In reverse order: the consumer before the workers it feeds, both before their connections.
    for (const close of this.#closers.reverse()) await close();
    clearTimeout(timer);
    this.health.setState('stopped');
  }
}

interface ConsumingParts {
  readonly store: Store;
  readonly admin: KafkaAdmin;
  readonly fanOut: FanOut;
  readonly log: Logger;
}
