import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';

/**
 * Names the topics' transactions that have not ended: nothing that reads committed records passes them. Empty where
 * there is none, or Kafka does not answer.
 */
export async function openTransactions(admin: KafkaAdmin, topics: readonly string[]): Promise<string> {
  const open = topics.map(async (topic) => {
    // In this order, what is committed in between is not taken for open.
    const ends = await admin.endOffsets(topic);
    const committed = await admin.partitionOffsets(topic);
    return committed
      .filter(({ partition, high }) => high < (ends.get(partition) ?? 0n))
      .map(
        ({ partition, high }) => `; a transaction is open in ${topic}, partition ${partition}, from offset ${high} on`,
      );
  });
  return (await Promise.all(open).catch(() => [])).flat().join('');
}
