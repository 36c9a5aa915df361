import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type ConfigEntries, type Kafka } from 'kafkajs';
import { SyncError } from '../../errors.ts';
import { leavable } from '../../leavable.ts';
import { readGroupTopics } from './group-topics.ts';
import { withOpenTransactions } from './kafkajs-patches.ts';
import { lazyConnection } from './lazy-connection.ts';
import type { MessageHeaders } from './partition-handler.ts';

export interface PartitionOffsets {
  readonly partition: number;
  /** First offset that the log still holds. */
  readonly low: bigint;
  /** Where what is committed ends: at the oldest open transaction, or at the next record; control records are counted. */
  readonly high: bigint;
}

export interface TopicDefinition {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicState {
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  readonly config: ReadonlyMap<string, string>;
}

export interface EnsuredTopic {
  readonly topic: string;
  readonly outcome: 'created' | 'exists' | 'partitions-differ';
}

/**
 * Questions and orders to the brokers, over connections that are opened on first use and renewed after a failure.
 * Each fails with a SyncError: `source_unavailable` while Kafka does not answer, `contract_broken` if a topic that is
 * asked about does not exist.
 */
export interface KafkaAdmin extends AsyncDisposable {
  partitionOffsets(topic: string): Promise<PartitionOffsets[]>;
  /** Per partition the offset of the next record to be written, after what open transactions have written. */
  endOffsets(topic: string): Promise<Map<number, bigint>>;
  /** Per partition the first offset with a timestamp of at least `timestampMs`; the log's end where there is none. */
  offsetsAtTimestamp(topic: string, timestampMs: number): Promise<Map<number, bigint>>;
  /** What the group has committed; partitions without a committed offset are absent. */
  groupOffsets(groupId: string, topic: string): Promise<Map<number, bigint>>;
  partitionCount(topic: string): Promise<number>;
  /** The names of all topics that we may see. */
  topics(): Promise<readonly string[]>;
  /** What the members of a group read at the moment. */
  groupTopics(groupId: string): Promise<readonly string[]>;
  /** How the topic is kept, by the broker's defaults where it has no setting of its own. */
  topicState(topic: string): Promise<TopicState>;
  /** By which the brokers are known. */
  clusterId(): Promise<string>;
  /** How long the topic keeps what nobody has read yet: deletes at least. Undefined: for ever. */
  keepsMs(topic: string): Promise<number | undefined>;
  /** Creates what is missing. Changes nothing that exists: more partitions would move keys. */
  ensureTopics(definitions: readonly TopicDefinition[]): Promise<EnsuredTopic[]>;
  /** Deletes what the partitions hold below these offsets. */
  deleteRecords(topic: string, ends: ReadonlyMap<number, bigint>): Promise<void>;
  /** Changes these settings of a topic, and leaves its others as they are. */
  configureTopic(topic: string, settings: Readonly<Record<string, string>>): Promise<void>;
  /** Deletes a group without members; one that does not exist is fine. */
  deleteGroup(groupId: string): Promise<void>;
  /** Sends one message, acknowledged by all in-sync replicas. */
  send(
    topic: string,
    key: string | Buffer | null,
    value: string | Buffer | null,
    headers?: MessageHeaders,
  ): Promise<void>;
}

/** Few retries: the caller has its own, with heartbeats in between. */
const RETRY = { retries: 2, initialRetryTime: 200, maxRetryTime: 1_000 };
/** What a broker says of a topic that has just been created. */
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'];
const LEADERS_MS = 10_000;
const POLL_MS = 100;

/** Connects to nothing yet. Once `signal` is aborted, nobody waits for Kafka any longer: what was asked of it fails. */
export function openKafkaAdmin(kafka: Kafka, signal?: AbortSignal): KafkaAdmin {
  const unlessLeft = leavable(signal);
  const adminOf = (cluster: Kafka) => lazyConnection(() => cluster.admin({ retry: RETRY }), unlessLeft, true);
  const admins = adminOf(kafka);
  const uncommitted = adminOf(withOpenTransactions(kafka));
  const createProducer = () => kafka.producer({ allowAutoTopicCreation: false, retry: RETRY });
  const producers = lazyConnection(createProducer, unlessLeft, false);

  async function partitions(topic: string): Promise<number> {
    return admins.use(async (admin) => {
      // Asked first because kafkajs waits and retries for a topic that does not exist.
      await requireTopic(admin, topic);
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length ?? 0;
    });
  }

  return {
    partitionOffsets: (topic) =>
      admins.use(async (admin) => {
        await requireTopic(admin, topic);
        const offsets = await admin.fetchTopicOffsets(topic);
        return offsets
          .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
          .sort((a, b) => a.partition - b.partition);
      }),

    endOffsets: (topic) =>
      uncommitted.use(async (admin) => {
        await requireTopic(admin, topic);
        const offsets = await admin.fetchTopicOffsets(topic);
        return new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]));
      }),

    offsetsAtTimestamp: (topic, timestampMs) =>
      admins.use(async (admin) => {
        await requireTopic(admin, topic);
        const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
        return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
      }),

    groupOffsets: (groupId, topic) =>
      admins.use(async (admin) => {
        await requireTopic(admin, topic);
        const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
        const committed = (group?.partitions ?? []).filter(({ offset }) => BigInt(offset) >= 0n);
        return new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]));
      }),

    partitionCount: partitions,

    topics: () => admins.use((admin) => admin.listTopics()),

    groupTopics: (groupId) => admins.use((admin) => readGroupTopics(admin, groupId)),

    topicState: (topic) =>
      admins.use(async (admin) => {
        await requireTopic(admin, topic);
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        const found = topics[0]?.partitions ?? [];
        const replicas = Math.min(...found.map((partition) => partition.replicas.length));
        return { partitions: found.length, replicas, config: await readConfig(admin, topic) };
      }),

    clusterId: () => admins.use(async (admin) => (await admin.describeCluster()).clusterId),

    keepsMs: (topic) =>
      admins.use(async (admin) => {
        await requireTopic(admin, topic);
        return keptMs(await readConfig(admin, topic));
      }),

    async ensureTopics(definitions) {
      // Before it creates one, kafkajs asks about every topic that this connection was asked about, and fails if one is gone.
      const creating = adminOf(kafka);
      const created = new Set<string>();
      try {
        for (const definition of definitions)
          if (await creating.use((admin) => createTopic(admin, definition))) created.add(definition.topic);
      } finally {
        await creating.close();
      }
      const ensured: EnsuredTopic[] = [];
      for (const { topic, partitions: wanted } of definitions) {
        if (created.has(topic)) ensured.push({ topic, outcome: 'created' });
        else ensured.push({ topic, outcome: (await partitions(topic)) === wanted ? 'exists' : 'partitions-differ' });
      }
      return ensured;
    },

    deleteRecords: (topic, ends) => admins.use((admin) => deleteRecords(admin, topic, ends)),

    configureTopic: (topic, settings) => admins.use((admin) => configureTopic(admin, topic, settings)),

    deleteGroup: (groupId) =>
      admins.use(async (admin) => {
        const { groups } = await admin.listGroups();
        if (groups.some((group) => group.groupId === groupId)) await admin.deleteGroups([groupId]);
      }),

    send: (topic, key, value, headers = {}) =>
      producers.use(async (producer) => {
        await producer.send({ topic, acks: -1, messages: [{ key, value, headers: { ...headers } }] });
      }),

    async [Symbol.asyncDispose]() {
      await Promise.all([admins.close(), uncommitted.close(), producers.close()]);
    },
  };
}

async function requireTopic(admin: Admin, topic: string): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return;
  throw new SyncError('contract_broken', `topic ${topic} does not exist`);
}

async function readConfig(admin: Admin, topic: string): Promise<Map<string, string>> {
  return new Map((await describe(admin, topic)).map(({ configName, configValue }) => [configName, configValue]));
}

const isOfTopic = ({ configSource }: ConfigEntries) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG;

async function describe(admin: Admin, topic: string): Promise<ConfigEntries[]> {
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }];
  const described = await admin.describeConfigs({ resources, includeSynonyms: false });
  return described.resources[0]?.configEntries ?? [];
}

async function createTopic(admin: Admin, definition: TopicDefinition): Promise<boolean> {
  if ((await admin.listTopics()).includes(definition.topic)) return false;
  // False as well if another process created it in between. kafkajs would wait as well, but fails where a broker has not heard of the topic yet.
  const isNew = await admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic: definition.topic,
        numPartitions: definition.partitions,
        replicationFactor: definition.replicationFactor,
        configEntries: Object.entries(definition.config).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  await awaitLeaders(admin, definition.topic);
  return isNew;
}

/** Waits until the broker that is asked knows the topic, and a leader of each partition. */
async function awaitLeaders(admin: Admin, topic: string): Promise<void> {
  const until = performance.now() + LEADERS_MS;
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] });
      return;
    } catch (error) {
      // kafkajs retries some of them a few times, and then throws an error of its own.
      const answer = (error as { cause?: unknown }).cause ?? error;
      const isNews = answer instanceof kafkajs.KafkaJSProtocolError && NOT_YET.includes(answer.type);
      if (!isNews || performance.now() > until) throw error;
      await delay(POLL_MS);
    }
  }
}

async function configureTopic(admin: Admin, topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
  await requireTopic(admin, topic);
  // What is not named goes back to the broker's default.
  const own = (await describe(admin, topic)).filter(isOfTopic);
  const kept = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
  const configEntries = Object.entries({ ...kept, ...settings }).map(([name, value]) => ({ name, value }));
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

async function deleteRecords(admin: Admin, topic: string, ends: ReadonlyMap<number, bigint>): Promise<void> {
  await requireTopic(admin, topic);
  // Without it kafkajs does not know the leaders.
  await admin.fetchTopicOffsets(topic);
  const partitions = [...ends].map(([partition, offset]) => ({ partition, offset: String(offset) }));
  await admin.deleteTopicRecords({ topic, partitions });
}

function keptMs(config: ReadonlyMap<string, string>): number | undefined {
  const policies = (config.get('cleanup.policy') ?? '').split(',');
  const limits = [
    ...(policies.includes('delete') ? [Number(config.get('retention.ms'))] : []),
    ...(policies.includes('compact') ? [Number(config.get('delete.retention.ms'))] : []),
  ].filter((ms) => ms >= 0);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}
