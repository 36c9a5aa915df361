import { type Configuration, type ConnectClient, changeTopic, type SourceMapping } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin, PartitionOffsets } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { readHistory } from '../../infrastructure/mysql/server-state.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** The connector stops, runs and tells its position within so long. */
const CONNECTOR_MS = 120_000;

export interface EpochParts {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly admin: KafkaAdmin;
  readonly connect: ConnectClient;
  /** The user database. */
  readonly source: Database;
}

export interface EpochPlan {
  readonly sources: readonly { readonly source: SourceMapping; readonly topic: string; readonly partitions: number }[];
  /** Why the connector must begin anew at the user server's current position; undefined: it goes on where it is. */
  readonly positionLost: string | undefined;
}

/**
 * What a new epoch of these sources means. Throws `contract_broken` if the user server's history was lost and a source
 * is left out: the connector's position is the same for all.
 */
export async function planEpoch(
  { configuration, store, admin }: EpochParts,
  sources: readonly SourceMapping[],
): Promise<EpochPlan> {
  const seen = await Promise.all(sources.map(({ name }) => store.serverState.read(store.database, name)));
  const positionLost = seen.find((server) => server?.lost)?.lost?.reason;
  const left = configuration.mapping.sources.filter((source) => !sources.includes(source));
  if (positionLost !== undefined && left.length > 0)
    throw new SyncError(
      'contract_broken',
      `${positionLost}; that concerns every source: begin the new epoch without naming one`,
    );
  const topics = sources.map(async (source) => {
    const topic = changeTopic(configuration.settings, source);
    return { source, topic, partitions: await admin.partitionCount(topic) };
  });
  return { sources: await Promise.all(topics), positionLost };
}

/**
 * Begins a new epoch: what the topics hold up to now no longer counts, and a daemon reads every row again. The connector
 * is stopped while the cut is made, so that nothing arrives. May be repeated after a failure at any step; daemons need not
 * be stopped.
 */
export async function beginEpoch(parts: EpochParts, plan: EpochPlan): Promise<void> {
  const { store, admin, connect, configuration, source } = parts;
  const { connectorName } = configuration.settings.connect;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, CONNECTOR_MS);
  const { executed } = await readHistory(source);
  for (const { topic } of plan.sources) await cut(store, topic, await admin.partitionOffsets(topic), executed);
  if (plan.positionLost !== undefined) await connect.deleteOffsets(connectorName);
  await connect.resume(connectorName);
  await connect.waitUntilRunning(connectorName, CONNECTOR_MS);
  await connect.waitUntilPositioned(connectorName, CONNECTOR_MS);
  for (const { source } of plan.sources) await store.sources.get(source.name)?.round.request(store.database);
  for (const { source } of plan.sources)
    if (plan.positionLost !== undefined) await store.serverState.forget(store.database, source.name);
}

/** Everything above the present ends is of the new epoch, and newer than anything of the old one. */
async function cut(store: Store, topic: string, offsets: readonly PartitionOffsets[], executed: string): Promise<void> {
  await store.database.transaction('beginning an epoch', (tx) =>
    store.consumed.beginEpoch(
      tx,
      topic,
      offsets.map(({ partition, high }) => ({ partition, nextOffset: high })),
      executed,
    ),
  );
}
