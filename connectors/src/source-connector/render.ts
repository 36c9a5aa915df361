import type { Configuration } from '../configuration/configuration.ts';
import {
  CONVERSION,
  HEARTBEAT,
  KAFKA_CLIENTS,
  kafkaSecurity,
  mysqlConnector,
  pattern,
  schemaHistory,
} from '../debezium.ts';
import type { SourceMapping } from '../mapping.ts';
import { topicNames } from './topics.ts';

/**
 * The Debezium connector's whole configuration. It captures the key and the mapped columns of the mapped tables and
 * nothing else, only reads the user database and never locks it, and holds no secret.
 */
export function renderSourceConnector({ settings, mapping }: Configuration): Record<string, string> {
  const { source, kafka, connect } = settings;
  const names = topicNames(kafka.topicPrefix);
  return {
    // Rows are read by the daemon: a snapshot would lock, or take rows and position at different moments.
    ...mysqlConnector(source, connect.sourcePassword, connect.connectorName, kafka.topicPrefix),
    'table.include.list': mapping.sources.map(({ table }) => pattern(table.database, table.table)).join(','),
    'column.include.list': mapping.sources.flatMap(capturedColumns).join(','),
    'skip.messages.without.change': 'true',
    // Not even a TRUNCATE is passed over in silence: the connector stands at it, see rejected-truncate.ts.
    'skipped.operations': 'none',
    'tombstones.on.delete': 'true',

    // The barrier waits for events on a quiet source.
    ...HEARTBEAT,
    'poll.interval.ms': '10',
    ...schemaHistory(names, settings),
    ...CONVERSION,

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
    ...kafkaSecurity(settings, KAFKA_CLIENTS),
  };
}

function capturedColumns({ table, key, columns }: SourceMapping): string[] {
  return [...new Set([key, ...columns])].map((column) => pattern(table.database, table.table, column));
}
