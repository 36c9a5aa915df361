import { deadLetterTopic } from '@friend-sync/connectors';
import type { KafkaAdmin } from './admin.ts';
import type { Message } from './partition-handler.ts';

/** A message that cannot be decoded, and why. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  /** Names no value. */
  readonly reason: string;
}

/**
 * Sends a dead letter to the topic beside its own: the original bytes and headers, and what Kafka Connect's own dead
 * letters say (KIP-298), so that existing tools read it. Sent again after a failure, it is there twice.
 */
export async function sendDeadLetter(admin: KafkaAdmin, letter: DeadLetter): Promise<void> {
  const { topic, partition, message, reason } = letter;
  const target = deadLetterTopic(topic);
  // Says that the topic is missing, where sending would only fail.
  await admin.partitionCount(target);
  await admin.send(target, message.key, message.value, {
    ...message.headers,
    '__connect.errors.topic': topic,
    '__connect.errors.partition': String(partition),
    '__connect.errors.offset': String(message.offset),
    '__connect.errors.stage': 'VALUE_CONVERTER',
    '__connect.errors.exception.class.name': 'SyncError',
    '__connect.errors.exception.message': reason,
  });
}
