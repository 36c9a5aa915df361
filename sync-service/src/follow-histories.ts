import { type ConnectClient, schemaHistoryOf } from '@friend-sync/connectors';
import type { Stream } from './application/proof/barrier.ts';
import { type HistoryWatch, type HistoryWatchParts, watchHistory } from './application/watch/history-watch.ts';
import { BeginningReader } from './infrastructure/kafka/beginning-reader.ts';
import type { NewMessagesParts } from './infrastructure/kafka/new-messages.ts';

export interface FollowHistoriesParts extends Pick<HistoryWatchParts, 'store' | 'health' | 'log'> {
  readonly connect: ConnectClient;
  readonly messages: NewMessagesParts;
  /** By the source's name. */
  readonly streams: ReadonlyMap<string, Stream>;
}

/** Watches the history of every source; by the source's name. Ends after the first looks. */
export async function followHistories(parts: FollowHistoriesParts): Promise<ReadonlyMap<string, HistoryWatch>> {
  const { streams, messages, connect, ...rest } = parts;
  const { consumed, database } = parts.store;
  const histories = new Map<string, HistoryWatch>();
  for (const [sourceName, stream] of streams) {
    const [topic = ''] = stream.topics;
    const beginnings = new BeginningReader(messages);
    const watching: HistoryWatchParts = {
      ...rest,
      connect,
      sourceName,
      stream,
      ingested: () => consumed.newestGtids(database, topic),
      async begun() {
        const history = await schemaHistoryOf(connect, stream.connectorName);
        return history === undefined ? undefined : beginnings.read(history);
      },
    };
    histories.set(sourceName, await watchHistory(watching));
  }
  return histories;
}
