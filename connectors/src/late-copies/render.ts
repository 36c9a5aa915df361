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
import { schemaHistoryTopic } from '../source-connector/topics.ts';
import { type PrimaryKeys, type TailedTable, tailedTables } from './tailed-tables.ts';

/**
 * The connector that tails the target tables, whole. A message says only which copy was inserted, or had one of the
 * columns changed that decide what it should hold, by its primary and foreign key. No mapped column is captured, so what
 * friend-sync itself writes makes no message.
 */
export function renderLateCopiesConnector(
  { settings, mapping }: Configuration,
  primaryKeys: PrimaryKeys,
): Record<string, string> {
  const { target, lateCopies } = settings;
  const tables = tailedTables(mapping);
  return {
    ...mysqlConnector(
      { ...target, user: lateCopies.user },
      lateCopies.passwordReference,
      lateCopies.connectorName,
      lateCopies.topicPrefix,
    ),
    ...tablesAndHistory(
      tables.map(({ table }) => table),
      schemaHistoryTopic(lateCopies.topicPrefix),
      settings,
    ),
    // With the primary key: REPLACE may change nothing else, of what is not mapped.
    'column.include.list': tables.flatMap((table) => capturedColumns(table, primaryKeys)).join(','),
    'skip.messages.without.change': 'true',
    // A copy that is gone needs no correction; updates are what re-adds and re-points a copy.
    'skipped.operations': 'd,t',
    'tombstones.on.delete': 'false',

    ...HEARTBEAT,
    'poll.interval.ms': '50',
    ...CONVERSION,
    // Of what does not travel nobody needs the value, and a TIME beyond a day, which has no ISO form, would stop all tables.
    'event.converting.failure.handling.mode': 'warn',
    'time.precision.mode': 'adaptive_time_microseconds',

    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    // So that late copies do not need the registry.
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    ...kafkaSecurity(settings, KAFKA_CLIENTS),
  };
}

function capturedColumns({ table, columns, mapped }: TailedTable, primaryKeys: PrimaryKeys): string[] {
  const captured = [...new Set([...primaryKeys(table), ...columns])].filter((column) => !mapped.has(column));
  return captured.map((column) => pattern(table.database, table.table, column));
}
