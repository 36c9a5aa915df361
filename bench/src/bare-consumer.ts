import type { KafkaMessage } from 'kafkajs';
import { connectKafka } from './kafka.ts';

/**
 * A consumer of committed records that does nothing but look at them: what no consumer of this topic can beat. Returns
 * when it has its partitions. `beginning` misses nothing; `end` may miss what is sent before its first fetch.
 */
export async function startBareConsumer(
  brokers: string,
  topic: string,
  { from }: { readonly from: 'beginning' | 'end' },
  onMessages: (messages: readonly KafkaMessage[]) => void,
): Promise<AsyncDisposable> {
  const consumer = connectKafka(brokers).consumer({ groupId: 'bench-bare', maxWaitTimeInMs: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: from === 'beginning' });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => onMessages(batch.messages) });
  await joined;
  return { [Symbol.asyncDispose]: () => consumer.disconnect() };
}
