import type { Configuration } from '../configuration/configuration.ts';
import {
  CONVERSION,
  HEARTBEAT,
  KAFKA_CLIENTS,
  kafkaSecurity,
  mysqlConnector,
  pattern,
  tablesAndHistory,
} from '../debezium.ts';
import type { SourceMapping } from '../mapping.ts';
import type { Settings } from '../settings.ts';
import { fieldNaming } from './avro-names.ts';
import { LONGEST_TEXT } from './cut.ts';
import { avroConverter } from './registry.ts';
import { heartbeatPrefix, schemaHistoryTopic, topicNaming } from './topics.ts';

/** The setting that says how columns are written. */
export const FIELD_NAMING = 'field.name.adjustment.mode';

/** Each source has a connector of its own, so that what stops one, stops that source alone. */
export function sourceConnectorName({ connect }: Settings, { name }: Pick<SourceMapping, 'name'>): string {
  return `${connect.connectorName}-${name}`;
}

/**
 * The whole configuration of a source's Debezium connector. It captures the key and the mapped columns of the mapped
 * table and nothing else, only reads the user database and never locks it, and holds no secret.
 */
export function renderSourceConnector({ settings }: Configuration, source: SourceMapping): Record<string, string> {
  const { kafka, connect } = settings;
  const name = sourceConnectorName(settings, source);
  return {
    // Rows are read by the daemon: a snapshot would lock, or take rows and position at different moments.
    ...mysqlConnector(settings.source, connect.sourcePassword, name, kafka.topicPrefix),
    // All have one topic.prefix; without this, a second one waits a minute for the first one's name in JMX.
    'custom.metric.tags': `source=${source.name}`,
    ...tablesAndHistory([source.table], schemaHistoryTopic(kafka.topicPrefix, source.name), settings),
    ...topicNaming(settings, source),
    'column.include.list': capturedColumns(source).join(','),
    // Debezium cuts BLOBs as well, at so many bytes, and leaves what is neither text nor bytes as it is.
    [`column.truncate.to.${LONGEST_TEXT}.chars`]: capturedColumns(source).join(','),
    'skip.messages.without.change': 'true',
    // A TRUNCATE says nothing of its rows, and its message has no key, which a compacted topic refuses for good.
    'skipped.operations': 't',
    'tombstones.on.delete': 'true',
    // Nobody reads what the row was before.
    transforms: 'dropBefore',
    'transforms.dropBefore.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
    'transforms.dropBefore.exclude': 'before',
    'transforms.dropBefore.replace.null.with.default': 'false',

    // The barrier waits for events on a quiet source.
    ...HEARTBEAT,
    'topic.heartbeat.prefix': heartbeatPrefix(source.name),
    'poll.interval.ms': '20',
    ...CONVERSION,

    // A crash of Connect would otherwise repeat old changes at new offsets.
    'exactly.once.support': 'required',
    'transaction.boundary': 'poll',

    // Keys are plain JSON: an Avro key's bytes hold a schema id, and a new id would move keys to other partitions.
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    ...avroConverter(settings),
    'schema.name.adjustment.mode': 'avro',
    [FIELD_NAMING]: fieldNaming(source) ?? 'avro',
    ...kafkaSecurity(settings, KAFKA_CLIENTS),
  };
}

function capturedColumns({ table, key, columns }: SourceMapping): string[] {
  return [...new Set([key, ...columns])].map((column) => pattern(table.database, table.table, column));
}
