import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { SyncError } from '../../errors.ts';
import { openKafkaAdmin } from './admin.ts';
import type { Decoder } from './avro.ts';

/** Fields of Debezium's notifications that are used. */
export interface Notification {
  /** E.g. `Incremental Snapshot`. */
  readonly aggregateType: string;
  /** E.g. `STARTED`, `IN_PROGRESS`, `TABLE_SCAN_COMPLETED`, `COMPLETED`. */
  readonly type: string;
  /** The id of the signal that caused it. */
  readonly id: string;
  /** Counters, `data_collection` and more, by Debezium's names. */
  readonly additionalData: Readonly<Record<string, string>>;
}

/**
 * Watches the connector's notifications from the moment of the call. When the promise resolves, what a signal sent
 * afterwards causes will be seen. Disposing it leaves no group behind. Fails with a SyncError as the admin's functions
 * do; messages that cannot be decoded are no notifications and are passed over.
 */
export async function watchNotifications(
  kafka: Kafka,
  decoder: Decoder,
  topic: string,
  onNotification: (notification: Notification) => void,
): Promise<AsyncDisposable> {
  const groupId = `friend-sync-notifications-${randomUUID()}`;
  const admin = openKafkaAdmin(kafka);
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 500, allowAutoTopicCreation: false });

  async function dispose(): Promise<void> {
    await consumer.disconnect().catch(() => {});
    // The group is empty now and would expire by itself; a failure to delete it harms nobody.
    await admin.deleteGroup(groupId).catch(() => {});
    await admin[Symbol.asyncDispose]();
  }

  try {
    const ends = await admin.partitionOffsets(topic);
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.GROUP_JOIN, () => {
        for (const { partition, high } of ends) consumer.seek({ topic, partition, offset: String(high) });
        resolve();
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    joined.catch(() => {});
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { value } of batch.messages) {
          const notification = value && (await toNotification(decoder, value));
          if (notification) onNotification(notification);
        }
      },
    });
    await joined;
  } catch (error) {
    await dispose();
    if (error instanceof SyncError) throw error;
    throw new SyncError('source_unavailable', 'notifications cannot be watched', { cause: error });
  }
  return { [Symbol.asyncDispose]: dispose };
}

async function toNotification(decoder: Decoder, value: Buffer): Promise<Notification | undefined> {
  try {
    const { value: record } = await decoder.decode(value);
    const { id, aggregate_type, type, additional_data } = record as Record<string, unknown>;
    return {
      id: String(id),
      aggregateType: String(aggregate_type),
      type: String(type),
      additionalData: { ...(additional_data as Record<string, string> | null) },
    };
  } catch {
    return undefined;
  }
}
