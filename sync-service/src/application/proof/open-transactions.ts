import { toSyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { within } from '../../within.ts';

/** Less than whoever waits has for an obstacle. */
const ASKED_MS = 1_500;

/**
 * Names the topics' transactions that have not ended: nothing that reads committed records passes them; or says why Kafka
 * does not tell.
 */
export async function openTransactions(admin: KafkaAdmin, topics: readonly string[]): Promise<string[]> {
  const open = topics.map(async (topic) => {
    // In this order, what is committed in between is not taken for open.
    const ends = await admin.endOffsets(topic);
    const committed = await admin.partitionOffsets(topic);
    return committed
      .filter(({ partition, high }) => high < (ends.get(partition) ?? 0n))
      .map(
        ({ partition, high }) => `a transaction is open in ${topic}, partition ${partition}, from offset ${high} on`,
      );
  });
  const found = await within(ASKED_MS, Promise.all(open)).catch((error) => [[toSyncError(error).message]]);
  return found?.flat() ?? [`Kafka has not answered within ${ASKED_MS} ms`];
}
