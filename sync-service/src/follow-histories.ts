import { type ConnectClient, SCHEMA_HISTORY_TOPIC } from '@friend-sync/connectors';
import type { Stream } from './application/proof/barrier.ts';
import { type HistoryWatch, type HistoryWatchParts, watchHistory } from './application/watch/history-watch.ts';
import type { KafkaAdmin } from './infrastructure/kafka/admin.ts';
import { BeginningReader } from './infrastructure/kafka/beginning-reader.ts';
import type { createKafka } from './infrastructure/kafka/client.ts';
import { readTopic } from './infrastructure/kafka/read-topic.ts';

export interface FollowHistoriesParts extends Pick<HistoryWatchParts, 'store' | 'health' | 'log'> {
  readonly connect: ConnectClient;
  readonly kafka: ReturnType<typeof createKafka>;
  readonly admin: KafkaAdmin;
  /** By the source's name. */
  readonly streams: ReadonlyMap<string, Stream>;
}

/** Watches the history of every source; by the source's name. Ends after the first looks. */
export async function followHistories(parts: FollowHistoriesParts): Promise<ReadonlyMap<string, HistoryWatch>> {
  const { streams, kafka, admin, connect, ...rest } = parts;
  const { consumed, database } = parts.store;
  const histories = new Map<string, HistoryWatch>();
  for (const [sourceName, stream] of streams) {
    const [topic = ''] = stream.topics;
    const beginnings = new BeginningReader({
      admin,
      read: (history, onMessage, from) => readTopic(kafka, history, onMessage, from),
    });
    const watching: HistoryWatchParts = {
      ...rest,
      connect,
      sourceName,
      stream,
      ingested: () => consumed.newestGtids(database, topic),
      async begun() {
        const history = (await connect.config(stream.connectorName))?.[SCHEMA_HISTORY_TOPIC];
        return history === undefined ? undefined : beginnings.read(history);
      },
    };
    histories.set(sourceName, await watchHistory(watching));
  }
  return histories;
}
