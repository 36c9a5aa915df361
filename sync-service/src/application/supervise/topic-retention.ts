import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

export interface TopicRetentionParts {
  readonly store: Store;
  readonly admin: Pick<KafkaAdmin, 'partitionOffsets' | 'keepsMs'>;
  readonly topics: readonly string[];
  readonly health: Pick<Health, 'report' | 'clear'>;
}

/** Tells, before it happens, that a change topic may lose what has not been ingested; until it is disposed. */
export function watchTopicRetention(parts: TopicRetentionParts, intervalMs: number): AsyncDisposable {
  // A topic that cannot be asked about is another part's trouble.
  return repeat(intervalMs, async () => {
    for (const topic of parts.topics) await tellRetention(parts, topic).catch(() => {});
  });
}

/** A partition is behind by the age of the last message that was ingested of it, if there is one after it. */
export async function tellRetention({ store, admin, health }: TopicRetentionParts, topic: string): Promise<void> {
  const [keepsMs, offsets, consumed] = await Promise.all([
    admin.keepsMs(topic),
    admin.partitionOffsets(topic),
    store.consumed.readAll(store.database, topic),
  ]);
  const behindMs = offsets.map(({ partition, high }) => {
    const { nextOffset = 0n, maxTimestampMs = 0 } = consumed.get(partition) ?? {};
    return maxTimestampMs > 0 && nextOffset < high ? Date.now() - maxTimestampMs : 0;
  });
  const mostMs = Math.max(0, ...behindMs);
  if (keepsMs === undefined || mostMs <= keepsMs / 2) return health.clear(topic);
  const problem = `ingest of ${topic} is ${hours(mostMs)} behind, and the topic keeps what it has for ${hours(keepsMs)}`;
  health.report(topic, new SyncError('retention_near', problem));
}

function hours(ms: number): string {
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
