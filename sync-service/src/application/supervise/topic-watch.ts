import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { ChangeConsumer } from '../../infrastructure/kafka/consumer.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import { checkLog } from '../ingest/topic-identity.ts';
import { repeat } from './repeat.ts';

export interface TopicWatchParts {
  readonly store: Store;
  readonly admin: KafkaAdmin;
  readonly consumer: Pick<ChangeConsumer, 'assignment' | 'rejoin'>;
  readonly topics: readonly string[];
  readonly log: Logger;
}

/**
 * Has the consumer join again, which halts it, when a topic that it reads is no longer the one that it joined: what an
 * assignment would notice. A member learns of more partitions by joining only, and keys that moved there would wait
 * unread; a log that was re-created and has outgrown our offset is read on without an error.
 */
export async function watchTopics(parts: TopicWatchParts, intervalMs: number): Promise<AsyncDisposable> {
  const { store, admin, consumer, topics, log } = parts;
  const counts = new Map<string, number>();
  for (const topic of topics) {
    const known = await store.consumed.topicEpoch(store.database, topic).catch(() => undefined);
    if (known) counts.set(topic, known.partitions);
  }

  async function hasOtherPartitions(topic: string): Promise<boolean> {
    const before = counts.get(topic);
    const count = await admin.partitionCount(topic);
    counts.set(topic, count);
    return before !== undefined && before !== count;
  }

  async function isAnotherLog({ topic, partition }: { topic: string; partition: number }): Promise<boolean> {
    const consumed = await store.consumed.read(store.database, topic, partition);
    if (!consumed) return false;
    return checkLog(admin, topic, partition, consumed).then(
      () => false,
      (error) => error instanceof SyncError && error.kind === 'topic_replaced',
    );
  }

  // What cannot be asked for is another part's trouble.
  return repeat(intervalMs, async () => {
    const looks = [...topics.map(hasOtherPartitions), ...consumer.assignment().map(isAnotherLog)];
    const found = await Promise.all(looks.map((look) => look.catch(() => false)));
    if (!found.includes(true)) return;
    log.warn('a change topic is not the one that was joined, joining again');
    consumer.rejoin();
  });
}
