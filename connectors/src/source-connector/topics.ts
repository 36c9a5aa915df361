import type { Configuration } from '../configuration/configuration.ts';
import { SCHEMA_HISTORY_TOPIC } from '../debezium.ts';
import { tailedTables } from '../late-copies/tailed-tables.ts';
import type { SourceMapping, TableName } from '../mapping.ts';
import type { Settings } from '../settings.ts';

const DAY_MS = 86_400_000;
/** A dead letter has the bytes of its message and a little more; the change topic's own limit is the broker's, or a larger one. */
const DEAD_LETTER_BYTES = 64 * 1024 * 1024;
/** A connector cannot restart without its complete schema history. */
const FOR_EVER = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' };
/** Only their number is looked at. */
const HEARTBEATS = { 'cleanup.policy': 'delete', 'retention.ms': '3600000', 'segment.ms': '3600000' };

/** A topic as it must exist before the connector starts; nothing is left to the broker's defaults. */
export interface TopicDefinition {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * The topic that carries a source's changes, named as Debezium does but where a name begins with a digit: a schema's
 * name is made of it, and Avro allows no part of that to begin with one.
 */
export function changeTopic({ kafka }: Settings, { table }: SourceMapping): string {
  const named = (part: string) => part.replace(/^(?=\d)/, '_');
  return tableTopic(kafka.topicPrefix, { database: named(table.database), table: named(table.table) });
}

/** What has the connector write to that topic. */
export function topicNaming(settings: Settings, source: SourceMapping): Record<string, string> {
  const topic = changeTopic(settings, source);
  if (topic === tableTopic(settings.kafka.topicPrefix, source.table)) return {};
  return {
    'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy',
    'topic.regex': '.*',
    'topic.replacement': topic,
    // The key has the key column alone.
    'topic.key.enforce.uniqueness': 'false',
  };
}

/** The topic that says which copies of a target table were written by somebody else; see `renderLateCopiesConnector`. */
export function lateCopiesTopic({ lateCopies }: Settings, table: TableName): string {
  return tableTopic(lateCopies.topicPrefix, table);
}

/** As Debezium names it: a character that Kafka does not allow is `_`. */
function tableTopic(prefix: string, { database, table }: TableName): string {
  return `${prefix}.${database}.${table}`.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** Where messages of a change topic go that cannot be decoded. */
export function deadLetterTopic(changeTopic: string): string {
  return `${changeTopic}.dead-letter`;
}

/** Where a connector says that it is alive, each in a topic of its own: that of a source, or that of the late copies. */
export function heartbeatTopic(topicPrefix: string, ...source: string[]): string {
  return `${heartbeatPrefix(...source)}.${topicPrefix}`;
}

/** Debezium's setting for it. */
export function heartbeatPrefix(...source: string[]): string {
  return ['__debezium-heartbeat', ...source].join('.');
}

/** What a connector has learned of its tables; each beginning of it has a topic of its own, see {@link newSchemaHistory}. */
export function schemaHistoryTopic(topicPrefix: string, ...source: string[]): string {
  return [topicPrefix, 'schema-history', ...source].join('.');
}

/**
 * An empty schema history for a connector that is rendered like this: what an older one says of the tables may be wrong at
 * a new position.
 */
export function newSchemaHistory(
  config: Readonly<Record<string, string>>,
  { kafka }: Settings,
  begunAt: Date,
): TopicDefinition {
  return {
    topic: `${config[SCHEMA_HISTORY_TOPIC]}.${begunAt.toISOString().replace(/\D/g, '')}`,
    partitions: 1,
    replicationFactor: kafka.replicationFactor,
    config: FOR_EVER,
  };
}

const MARKED = 'system';

/** Empty topics that say whose those are that begin with the same prefixes: of the system with that mark. */
export function markTopics(settings: Settings, mark: string): TopicDefinition[] {
  return topicPrefixes(settings).map((prefix) => ({
    topic: `${prefix}.${MARKED}.${mark}`,
    partitions: 1,
    replicationFactor: settings.kafka.replicationFactor,
    config: FOR_EVER,
  }));
}

/** What the topics of a system begin with. */
export function topicPrefixes({ kafka, lateCopies }: Settings): string[] {
  return [...new Set([kafka.topicPrefix, ...(lateCopies.enabled ? [lateCopies.topicPrefix] : [])])];
}

/** The mark that such a topic bears for a prefix; undefined: it is no such topic. */
export function markOf(topic: string, prefix: string): string | undefined {
  const begin = `${prefix}.${MARKED}.`;
  const mark = topic.startsWith(begin) ? topic.slice(begin.length) : '';
  return /^[0-9a-f-]{36}$/.test(mark) ? mark : undefined;
}

/** Every topic of the pipeline but the schema histories. */
export function topicDefinitions({ settings, mapping }: Configuration): TopicDefinition[] {
  const { partitions, replicationFactor } = settings.kafka;
  const single = (topic: string, config: Record<string, string>) => ({
    topic,
    partitions: 1,
    replicationFactor,
    config,
  });
  const forDays = (days: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(days * DAY_MS) });
  return [
    ...mapping.sources.map((source) => ({
      topic: changeTopic(settings, source),
      partitions,
      replicationFactor,
      // Compacted: it always holds every row's newest change, so that a lost mirror is rebuilt from it. Deletes must
      // outlive the oldest backup of the friend database that one would restore.
      config: { 'cleanup.policy': 'compact', 'delete.retention.ms': String(30 * DAY_MS) },
    })),
    ...mapping.sources.map((source) =>
      single(deadLetterTopic(changeTopic(settings, source)), {
        ...forDays(30),
        'max.message.bytes': String(DEAD_LETTER_BYTES),
      }),
    ),
    ...mapping.sources.map(({ name }) => single(heartbeatTopic(settings.kafka.topicPrefix, name), HEARTBEATS)),
    ...(settings.lateCopies.enabled ? lateCopiesTopics() : []),
  ];

  function lateCopiesTopics(): TopicDefinition[] {
    return [
      // One partition: their order means nothing, and a message is a few bytes. What is older than this, the patrol has seen.
      ...tailedTables(mapping).map(({ table }) => single(lateCopiesTopic(settings, table), forDays(1))),
      single(heartbeatTopic(settings.lateCopies.topicPrefix), HEARTBEATS),
    ];
  }
}
