import { SyncError } from '../../errors.ts';
import type { MessageBatch, Stored } from '../../infrastructure/kafka/partition-handler.ts';
import { isTooLarge } from '../../infrastructure/mysql/server/fault.ts';

/**
 * Stores a batch; what is larger than the friend server takes at once, in halves. Each of them moves the offset, so that
 * nothing is stored twice if the second one fails.
 */
export async function inHalves(batch: MessageBatch, store: (batch: MessageBatch) => Promise<Stored>): Promise<Stored> {
  try {
    return await store(batch);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    const { messages } = batch;
    const middle = messages.length > 1 ? messages[messages.length >> 1]?.offset : undefined;
    if (middle === undefined)
      throw new SyncError(
        'store_misconfigured',
        `the friend server takes less at once than one change: ${(error as Error).message}`,
      );
    const isBefore = ({ offset }: { offset: bigint }) => offset < middle;
    const before = await inHalves({ ...batch, messages: messages.filter(isBefore), nextOffset: middle }, store);
    if (before.kind === 'moved') return before;
    const after = messages.filter((message) => !isBefore(message));
    return inHalves({ ...batch, messages: after, expectedOffset: middle }, store);
  }
}
