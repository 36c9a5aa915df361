import type { ConnectorStatus } from './client.ts';

/**
 * The topic whose table was truncated, if the connector stands at a TRUNCATE. Debezium says it by a message without key,
 * which a compacted topic does not take, so that the connector fails at it again after each restart. Every other message
 * of a mapped table has a key. The words are Kafka's.
 */
export function topicOfTruncate({ tasks }: ConnectorStatus): string | undefined {
  const found = tasks.map(({ trace = '' }) => trace.match(/without key in topic partition (\S+)-\d+/)?.[1]);
  return found.find((topic) => topic !== undefined);
}
