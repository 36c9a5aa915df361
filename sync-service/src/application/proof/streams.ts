import {
  type Configuration,
  type ConnectClient,
  changeTopic,
  lateCopiesTopic,
  storedPlace,
  tailedTables,
  topicNames,
} from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/database.ts';
import type { Stream } from './barrier.ts';

/** What arrives of the user server's commits, by the source's name. */
export function sourceStreams(
  { settings, mapping }: Configuration,
  server: Database,
  connect: ConnectClient,
): ReadonlyMap<string, Stream> {
  const { connectorName } = settings.connect;
  const { topicPrefix } = settings.kafka;
  return new Map(
    mapping.sources.map((source) => [
      source.name,
      streamOf(connectorName, topicPrefix, server, connect, [changeTopic(settings, source)]),
    ]),
  );
}

/** What arrives of the user server's commits. */
export function sourceStream({ settings, mapping }: Configuration, server: Database, connect: ConnectClient): Stream {
  const topics = mapping.sources.map((source) => changeTopic(settings, source));
  return streamOf(settings.connect.connectorName, settings.kafka.topicPrefix, server, connect, topics);
}

/** What arrives of the friend server's commits, our own excepted; undefined where late copies are switched off. */
export function lateCopiesStream(
  { settings, mapping }: Configuration,
  server: Database,
  connect: ConnectClient,
): Stream | undefined {
  if (!settings.lateCopies.enabled) return undefined;
  const topics = tailedTables(mapping).map(({ table }) => lateCopiesTopic(settings, table));
  return streamOf(settings.lateCopies.connectorName, settings.lateCopies.topicPrefix, server, connect, topics);
}

function streamOf(
  connectorName: string,
  topicPrefix: string,
  server: Database,
  connect: ConnectClient,
  topics: readonly string[],
): Stream {
  return {
    connectorName,
    server,
    sent: async () => storedPlace(await connect.offsets(connectorName)),
    topics,
    heartbeatTopic: topicNames(topicPrefix).heartbeat,
  };
}
