import {
  type Configuration,
  type ConnectClient,
  type ConnectorStatus,
  changeTopic,
  heartbeatTopic,
  lateCopiesTopic,
  sourceConnectorName,
  storedPlace,
  tailedTables,
} from '@friend-sync/connectors';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { BinlogPlace } from '../../infrastructure/mysql/server/binlog-rest.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { askSeldom } from './ask-seldom.ts';

/** What a connector has stored of how far it has sent a server's commits. */
export interface SentUpTo extends BinlogPlace {
  /** When the last of them was made; undefined where it cannot be told. */
  readonly eventAtMs?: number | undefined;
}

/** What a connector sends of a server's commits. */
export interface Stream {
  /** Of the source whose changes it sends; undefined: it sends the friend server's. */
  readonly sourceName?: string;
  readonly connectorName: string;
  readonly server: Database;
  /** Up to where the connector has sent everything; undefined while it has stored no offset. */
  readonly sent: () => Promise<SentUpTo | undefined>;
  /** How the connector is; undefined where there is none. */
  readonly status: () => Promise<ConnectorStatus | undefined>;
  readonly topics: readonly string[];
  /** Where the connector says twice a second that it reads; written in its transactions besides the topics. */
  readonly heartbeatTopic: string;
}

/** Connect reads a whole topic for each answer; on a quiet server its connector stores a position with each heartbeat. */
const SENT_EVERY_MS = 500;

/** What arrives of the user server's commits: for each source, by its name, what its connector sends. */
export function sourceStreams(
  { settings, mapping }: Configuration,
  server: Database,
  connect: ConnectClient,
): ReadonlyMap<string, Stream> {
  const streams = mapping.sources.map((source) => {
    const connectorName = sourceConnectorName(settings, source);
    const topics = [changeTopic(settings, source)];
    const heartbeats = heartbeatTopic(settings.kafka.topicPrefix, source.name);
    const stream = streamOf(connectorName, heartbeats, server, connect, topics);
    return [source.name, { ...stream, sourceName: source.name }] as const;
  });
  return new Map(streams);
}

/** What arrives of the friend server's commits, our own excepted; undefined where late copies are switched off. */
export function lateCopiesStream(
  { settings, mapping }: Configuration,
  server: Database,
  connect: ConnectClient,
): Stream | undefined {
  if (!settings.lateCopies.enabled) return undefined;
  const topics = tailedTables(mapping).map(({ table }) => lateCopiesTopic(settings, table));
  const { connectorName, topicPrefix } = settings.lateCopies;
  return streamOf(connectorName, heartbeatTopic(topicPrefix), server, connect, topics);
}

/** How often the connector of a stream has said that it reads its server. */
export async function countHeartbeats(admin: KafkaAdmin, { heartbeatTopic }: Stream): Promise<bigint> {
  const ends = await admin.endOffsets(heartbeatTopic);
  return [...ends.values()].reduce((sum, end) => sum + end, 0n);
}

function streamOf(
  connectorName: string,
  heartbeatTopic: string,
  server: Database,
  connect: ConnectClient,
  topics: readonly string[],
): Stream {
  return {
    connectorName,
    server,
    sent: askSeldom(async () => storedPlace(await connect.offsets(connectorName)), SENT_EVERY_MS),
    status: () => connect.status(connectorName),
    topics,
    heartbeatTopic,
  };
}
