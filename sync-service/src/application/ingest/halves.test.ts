import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import type { MessageBatch, Stored } from '../../infrastructure/kafka/partition-handler.ts';
import { tooLarge } from '../../infrastructure/mysql/server/fault.ts';
import { inHalves } from './halves.ts';

const batch = (...offsets: bigint[]): MessageBatch => ({
  topic: 't',
  partition: 0,
  expectedOffset: 4n,
  messages: offsets.map((offset) => ({ offset, key: null, value: null, timestampMs: 1, headers: {} })),
  nextOffset: 20n,
  waiting: 0,
  maxTimestampMs: 1,
});

/** A server that takes so many messages at once, and what it has taken: the offsets, from where to where. */
function serverThatTakes(most: number, outcome: (part: MessageBatch) => Stored = () => ({ kind: 'stored' })) {
  const taken: unknown[] = [];
  const store = async (part: MessageBatch): Promise<Stored> => {
    if (part.messages.length > most) throw tooLarge('storing', 2, 1);
    taken.push([part.expectedOffset, part.messages.map(({ offset }) => offset), part.nextOffset]);
    return outcome(part);
  };
  return { store, taken };
}

test('case 80: a batch that is larger than the server takes is stored in halves, each from where the one before ended', async () => {
  const { store, taken } = serverThatTakes(2);
  expect(await inHalves(batch(5n, 7n, 8n, 11n, 12n), store)).toEqual({ kind: 'stored' });
  expect(taken).toEqual([
    [4n, [5n, 7n], 8n],
    [8n, [8n], 11n],
    [11n, [11n, 12n], 20n],
  ]);
});

test('case 80: a half that finds the offset moved is the last one', async () => {
  const { store, taken } = serverThatTakes(1, () => ({ kind: 'moved', nextOffset: 3n }));
  expect(await inHalves(batch(5n, 7n), store)).toEqual({ kind: 'moved', nextOffset: 3n });
  expect(taken).toHaveLength(1);
});

test('case 80: one change that is larger than the server takes is told as that, and any other fault as it is', async () => {
  const { store } = serverThatTakes(0);
  await expect(inHalves(batch(5n, 7n), store)).rejects.toMatchObject({
    kind: 'store_misconfigured',
    message: expect.stringMatching(/less at once than one change: .*max_allowed_packet/),
  });
  const other = new SyncError('store_unavailable', 'gone');
  await expect(inHalves(batch(5n, 7n), () => Promise.reject(other))).rejects.toBe(other);
});
