import { expect, test } from 'vitest';
import { readWaits } from './waiting-messages.ts';

const NOW = 1_000_000_000;

test('how long the oldest unread message waits is told to a power of two, by the topic that has some', async () => {
  // Of each partition, when its messages were written, in seconds before now.
  const written = [[400, 90, 3], [50]];
  const offsetsAtTimestamp = async (_: string, ms: number) =>
    new Map(
      written.map((ages, partition) => {
        const found = ages.findIndex((age) => NOW - age * 1000 >= ms);
        return [partition, BigInt(found < 0 ? ages.length : found)] as const;
      }),
    );
  const progress = (next: bigint[]) =>
    written.map(({ length }, partition) => {
      const nextOffset = next[partition] ?? 0n;
      return {
        topic: 't',
        partition,
        epoch: 1,
        nextOffset,
        endOffset: BigInt(length),
        lag: BigInt(length) - nextOffset,
      };
    });
  const waits = (...next: bigint[]) => readWaits({ offsetsAtTimestamp }, progress(next), NOW);
  expect(await waits(3n, 1n)).toEqual({});
  expect(await waits(2n, 1n)).toEqual({ t: 4 });
  expect(await waits(2n, 0n)).toEqual({ t: 64 });
  expect(await waits(0n, 0n)).toEqual({ t: 512 });
});
