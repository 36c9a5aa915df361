import { type ConnectClient, schemaHistoryOf } from '@friend-sync/connectors';
import { BeginningReader } from '../../infrastructure/kafka/beginning-reader.ts';
import type { NewMessagesParts } from '../../infrastructure/kafka/new-messages.ts';
import type { Stream } from '../proof/streams.ts';
import { type HistoryWatch, type HistoryWatchParts, watchHistory } from './history-watch.ts';

export interface FollowHistoriesParts extends Pick<HistoryWatchParts, 'store' | 'health' | 'log'> {
  readonly connect: ConnectClient;
  readonly messages: NewMessagesParts;
  /** Tries again until the friend database lets it; throws only `aborted`. */
  readonly persevere: <T>(work: () => Promise<T>) => Promise<T>;
  /** Given each watch as soon as there is one, to dispose of it. */
  readonly use: (watch: AsyncDisposable) => void;
  /** By the source's name. */
  readonly streams: ReadonlyMap<string, Stream>;
}

/** Watches the history of every source; by the source's name. Ends after the first looks. */
export async function followHistories(parts: FollowHistoriesParts): Promise<ReadonlyMap<string, HistoryWatch>> {
  const { streams, messages, connect, persevere, use, ...rest } = parts;
  const { consumed, database, serverState } = parts.store;
  const watches = [...streams].map(async ([sourceName, stream]) => {
    const [topic = ''] = stream.topics;
    const beginnings = new BeginningReader(messages);
    const watching: HistoryWatchParts = {
      ...rest,
      sourceName,
      stream,
      loss: (await persevere(() => serverState.read(database, sourceName)))?.lost,
      ingested: () => consumed.newestGtids(database, topic),
      async begun() {
        const history = await schemaHistoryOf(connect, stream.connectorName);
        return history === undefined ? undefined : beginnings.read(history);
      },
    };
    const watch = await watchHistory(watching);
    use(watch);
    return [sourceName, watch] as const;
  });
  return new Map(await Promise.all(watches));
}
