import { createHash } from 'node:crypto';
import type { Configuration } from '../configuration/configuration.ts';
import type { SourceMapping } from '../mapping.ts';
import type { Settings } from '../settings.ts';
import { topicNames } from './topics.ts';

/**
 * The Debezium connector's whole configuration. It captures the key and the mapped columns of the mapped tables and
 * nothing else, only reads the user database and never locks it, and holds no secret.
 */
export function renderSourceConnector({ settings, mapping }: Configuration): Record<string, string> {
  const { source, kafka, connect } = settings;
  const names = topicNames(settings);
  const brokers = kafka.brokers.join(',');
  return {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'tasks.max': '1',

    'database.hostname': source.host,
    'database.port': String(source.port),
    'database.user': source.user,
    'database.password': connect.sourcePassword,
    'database.server.id': String(serverId(connect.connectorName)),
    ...(source.tls
      ? { 'database.ssl.mode': 'verify_identity' }
      : { 'database.ssl.mode': 'preferred', 'driver.allowPublicKeyRetrieval': 'true' }),

    'topic.prefix': kafka.topicPrefix,
    'table.include.list': mapping.sources.map(({ table }) => pattern(table.database, table.table)).join(','),
    'column.include.list': mapping.sources.flatMap(capturedColumns).join(','),
    'skip.messages.without.change': 'true',
    'skipped.operations': 'none',
    'tombstones.on.delete': 'true',
    'include.schema.changes': 'false',

    // The first load is a backfill: a snapshot would lock, or take rows and position at different moments.
    'snapshot.mode': 'no_data',
    'snapshot.locking.mode': 'none',
    'read.only': 'true',
    'signal.enabled.channels': 'kafka',
    'signal.kafka.topic': names.signal,
    'signal.kafka.bootstrap.servers': brokers,
    // The default is one group for all connectors of a Kafka: they would take each other's signals.
    'signal.kafka.groupId': `${connect.connectorName}-signal`,
    'signal.poll.interval.ms': '500',
    'notification.enabled.channels': 'sink',
    'notification.sink.topic.name': names.notification,
    'incremental.snapshot.chunk.size': '4096',

    // The barrier and a backfill's windows wait for events on a quiet source: heartbeats, and keep-alives (0.8 × this) of the server.
    'heartbeat.interval.ms': '1000',
    'connect.keep.alive.interval.ms': '1250',
    'poll.interval.ms': '10',

    'schema.history.internal.kafka.topic': names.schemaHistory,
    'schema.history.internal.kafka.bootstrap.servers': brokers,
    // SHOW CREATE TABLE is allowed to us for the mapped tables only.
    'schema.history.internal.store.only.captured.tables.ddl': 'true',

    // The default writes NULL for what it cannot convert.
    'event.converting.failure.handling.mode': 'fail',
    'event.processing.failure.handling.mode': 'fail',
    'decimal.handling.mode': 'string',
    'bigint.unsigned.handling.mode': 'long',
    'time.precision.mode': 'isostring',
    'binary.handling.mode': 'bytes',

    // A crash of Connect would otherwise repeat old changes at new offsets.
    'exactly.once.support': 'required',
    'transaction.boundary': 'poll',

    // Keys are plain JSON: an Avro key's bytes hold a schema id, and a new id would move keys to other partitions.
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'io.apicurio.registry.utils.converter.AvroConverter',
    'value.converter.apicurio.registry.url': `${settings.registry.url.replace(/\/+$/, '')}/apis/registry/v2`,
    'value.converter.apicurio.registry.auto-register': 'true',
    'value.converter.apicurio.registry.find-latest': 'true',
    'value.converter.apicurio.registry.as-confluent': 'true',
    'value.converter.apicurio.registry.headers.enabled': 'false',
    'value.converter.apicurio.registry.use-id': 'contentId',
    'schema.name.adjustment.mode': 'avro',
    'field.name.adjustment.mode': 'avro',
    ...kafkaSecurity(settings),
  };
}

function capturedColumns({ table, key, columns }: SourceMapping): string[] {
  return [...new Set([key, ...columns])].map((column) => pattern(table.database, table.table, column));
}

/** Debezium's lists are of regular expressions, anchored, with commas in between. */
function pattern(...path: string[]): string {
  return path.map((part) => part.replace(/[\\^$.*+?()[\]{}|,]/g, '\\$&')).join('\\.');
}

/** Replication clients of one server need different ids; a name's hash, above the range that people number by hand. */
function serverId(connectorName: string): number {
  return 100_000 + (createHash('sha256').update(connectorName).digest().readUInt32BE(0) % 2_000_000_000);
}

/** For every client that the connector opens by itself; its producer is the worker's, with overrides. */
function kafkaSecurity({ kafka, connect }: Settings): Record<string, string> {
  if (!kafka.tls && !kafka.sasl) return {};
  const protocol = `${kafka.sasl ? 'SASL_' : ''}${kafka.tls ? 'SSL' : 'PLAINTEXT'}`;
  const client: Record<string, string> = {
    'security.protocol': protocol,
    ...(kafka.sasl
      ? { 'sasl.mechanism': kafka.sasl.mechanism.toUpperCase(), 'sasl.jaas.config': connect.kafkaJaas }
      : {}),
  };
  const prefixes = [
    'producer.override.',
    'schema.history.internal.producer.',
    'schema.history.internal.consumer.',
    'signal.consumer.',
  ];
  return Object.fromEntries(
    prefixes.flatMap((prefix) => Object.entries(client).map(([name, value]) => [prefix + name, value])),
  );
}
