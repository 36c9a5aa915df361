import { createHash } from 'node:crypto';
import type { TableName } from './mapping.ts';
import type { Settings } from './settings.ts';

/** What Debezium's MySQL connector needs wherever it reads: it takes no snapshot and no lock, and holds no secret. */
export function mysqlConnector(
  server: { readonly host: string; readonly port: number; readonly user: string; readonly tls: boolean },
  passwordReference: string,
  connectorName: string,
  topicPrefix: string,
): Record<string, string> {
  return {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'tasks.max': '1',

    'database.hostname': server.host,
    'database.port': String(server.port),
    'database.user': server.user,
    'database.password': passwordReference,
    'database.server.id': String(serverId(connectorName)),
    ...(server.tls
      ? { 'database.ssl.mode': 'verify_identity' }
      : { 'database.ssl.mode': 'preferred', 'driver.allowPublicKeyRetrieval': 'true' }),

    'driver.sessionVariables': SESSION,

    'topic.prefix': topicPrefix,
    'include.schema.changes': 'false',
    'snapshot.mode': 'no_data',
    'snapshot.locking.mode': 'none',
  };
}

/**
 * What Debezium asks of a server, the definitions of tables for one, is not to depend on what the server's owner has set.
 * Its reading of the binary log does not.
 */
const SESSION = [
  "sql_mode='STRICT_TRANS_TABLES'",
  'sql_quote_show_create=1',
  'show_create_table_verbosity=0',
  "lc_messages='en_US'",
  'sql_select_limit=18446744073709551615',
  'sql_big_selects=1',
  "use_secondary_engine='OFF'",
  'autocommit=1',
  'max_execution_time=0',
  "optimizer_switch='derived_merge=on,materialization=on,semijoin=on'",
  'lock_wait_timeout=35',
  'wait_timeout=28800',
  'net_write_timeout=60',
].join(',');

const KEEP_ALIVE = 'connect.keep.alive';

/**
 * Its position moves on a quiet server as well: heartbeats, and the server's own (0.8 × the interval). The barrier waits
 * for them; each costs the worker, Kafka and the server a little for each connector.
 *
 * Nothing is kept alive by the binary log client: it connects again where Kafka has kept it waiting for longer than the
 * interval, and Debezium, which is sent the transaction under way once more, then counts it as sent from its first row on.
 * A connection that is lost ends the task, or is noticed by the connector's silence.
 */
export const HEARTBEAT: Readonly<Record<string, string>> = {
  'heartbeat.interval.ms': '500',
  'connect.keep.alive.interval.ms': '625',
  [KEEP_ALIVE]: 'false',
};

/** A connector of before: its client connects again by itself, and a source's has no heartbeat topic of its own. */
export function connectsAgain(config: Readonly<Record<string, string>>): boolean {
  return config[KEEP_ALIVE] !== HEARTBEAT[KEEP_ALIVE];
}

/** Values travel as they are: text, exact numbers, bytes. */
export const CONVERSION: Readonly<Record<string, string>> = {
  // The default writes NULL for what it cannot convert.
  'event.converting.failure.handling.mode': 'fail',
  'event.processing.failure.handling.mode': 'fail',
  'decimal.handling.mode': 'string',
  'bigint.unsigned.handling.mode': 'long',
  'time.precision.mode': 'isostring',
  // It would take the year 1 for 2001.
  'enable.time.adjuster': 'false',
  'binary.handling.mode': 'bytes',
};

/** Which tables a connector reads, and what it remembers of them. */
export function tablesAndHistory(
  tables: readonly TableName[],
  schemaHistoryTopic: string,
  { kafka }: Settings,
): Record<string, string> {
  return {
    'database.include.list': [...new Set(tables.map(({ database }) => pattern(database)))].join(','),
    'table.include.list': tables.map(({ database, table }) => pattern(database, table)).join(','),
    [SCHEMA_HISTORY_TOPIC]: schemaHistoryTopic,
    'schema.history.internal.kafka.bootstrap.servers': kafka.brokers.join(','),
    // The other tables of these schemas, too: one that is made beside a mapped table may be renamed into its place.
    'schema.history.internal.store.only.captured.tables.ddl': 'false',
    // Debezium's parser does not know every statement that MySQL does, and would stop at it for good.
    'schema.history.internal.skip.unparseable.ddl': 'true',
  };
}

/** The setting that names the topic of a connector's schema history. */
export const SCHEMA_HISTORY_TOPIC = 'schema.history.internal.kafka.topic';

/** Debezium's lists are of regular expressions, anchored, trimmed, in whichever case, with commas in between. */
export function pattern(...path: string[]): string {
  return path
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|,]/g, '\\$&'))
    .join('\\.')
    .replace(/^ /, '\\ ');
}

/** Replication clients of one server need different ids; a name's hash, above the range that people number by hand. */
function serverId(connectorName: string): number {
  return 100_000 + (createHash('sha256').update(connectorName).digest().readUInt32BE(0) % 2_000_000_000);
}

/** For every client that the connector opens by itself; its producer is the worker's, with overrides. */
export function kafkaSecurity({ kafka, connect }: Settings, clients: readonly string[]): Record<string, string> {
  if (!kafka.tls && !kafka.sasl) return {};
  const protocol = `${kafka.sasl ? 'SASL_' : ''}${kafka.tls ? 'SSL' : 'PLAINTEXT'}`;
  const client: Record<string, string> = {
    'security.protocol': protocol,
    ...(kafka.sasl
      ? { 'sasl.mechanism': kafka.sasl.mechanism.toUpperCase(), 'sasl.jaas.config': connect.kafkaJaas }
      : {}),
  };
  return Object.fromEntries(
    clients.flatMap((prefix) => Object.entries(client).map(([name, value]) => [prefix + name, value])),
  );
}

/** The clients of every connector. */
export const KAFKA_CLIENTS: readonly string[] = [
  'producer.override.',
  'schema.history.internal.producer.',
  'schema.history.internal.consumer.',
];
