import type { ConnectorStatus } from './status.ts';

/**
 * Whether the connector has met a row of the binary log that has fewer columns than its table, which it refuses to read
 * and fails at again after each restart. A session with another `binlog_row_image` than FULL writes such rows; so does
 * one that has changed the table with `sql_log_bin=0`. The words are Debezium's.
 */
export function metIncompleteRow({ tasks }: ConnectorStatus): boolean {
  return tasks.some(({ trace = '' }) => /internal schema size \d+, but row size \d+/.test(trace));
}
