import { randomUUID } from 'node:crypto';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { SyncError } from '../../errors.ts';
import { openKafkaAdmin } from './admin.ts';

const SILENCE_MS = 30_000;

/**
 * Shows every message from the offset `from` on that a topic holds at the moment of the call to `onMessage`, partition by
 * partition in offset order, and leaves no group behind. Fails with a SyncError as the admin's functions do.
 */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  onMessage: (message: KafkaMessage, partition: number) => void,
  from = 0n,
): Promise<void> {
  const groupId = `friend-sync-reader-${randomUUID()}`;
  await using admin = openKafkaAdmin(kafka);
  const partitions = (await admin.partitionOffsets(topic)).filter(({ low, high }) => low < high && from < high);
  const unread = new Map(partitions.map(({ partition, high }) => [partition, high]));
  if (unread.size === 0) return;
  let silence: NodeJS.Timeout | undefined;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200, allowAutoTopicCreation: false });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      // A topic that was created again meanwhile may never have what is waited for.
      silence = setTimeout(() => reject(new Error('nothing comes')), SILENCE_MS);
      consumer.on(consumer.events.GROUP_JOIN, () => {
        for (const { partition, low } of partitions)
          if (low < from) consumer.seek({ topic, partition, offset: String(from) });
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      // The last records may be control records, which are fetched and never shown.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        silence?.refresh();
        if (BigInt(payload.lastOffset) + 1n >= (unread.get(payload.partition) ?? 0n)) unread.delete(payload.partition);
        if (unread.size === 0) resolve();
      });
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            for (const message of batch.messages) onMessage(message, batch.partition);
          },
        })
        .catch(reject);
    });
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('source_unavailable', `${topic} cannot be read`, { cause: error });
  } finally {
    clearTimeout(silence);
    await consumer.disconnect().catch(() => {});
    await admin.deleteGroup(groupId).catch(() => {});
  }
}
