import { changeTopic } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { type FriendServer, openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { type ChosenTopics, executeReset, type OffsetTarget, planReset } from './reset-offsets.ts';

/** Two partitions of 100 records each, of which the first ten are gone; record n was made at n s. */
const ADMIN = {
  partitionOffsets: async () => [0, 1].map((partition) => ({ partition, low: 10n, high: 100n })),
  offsetsAtTimestamp: async (_: string, ms: number) => {
    const offset = BigInt(Math.min(100, Math.max(10, Math.ceil(ms / 1_000))));
    return new Map([0, 1].map((partition) => [partition, offset]));
  },
};

/** Of partition 0 up to offset 60 was read, of partition 1 up to 40. */
async function openReading() {
  const server = await openFriendServer(TABLES);
  const { configuration, store } = server;
  const [source] = configuration.mapping.sources;
  if (!source) throw new Error('the mapping has no source');
  const topic = changeTopic(configuration.settings, source);
  await store.database.transaction('reading', async (tx) => {
    await store.consumed.adopt(tx, topic, [
      { partition: 0, low: 10n },
      { partition: 1, low: 10n },
    ]);
    for (const [partition, nextOffset] of [60n, 40n].entries())
      await store.consumed.advance(tx, { topic, partition, nextOffset, maxTimestampMs: 60_000, newestGtid: null });
  });
  const plan = (target: OffsetTarget, topics?: ChosenTopics) =>
    planReset({ configuration, store, admin: ADMIN }, [source], target, topics);
  return { ...server, topic, plan };
}

const nextOffsets = async ({ store }: FriendServer, topic: string) =>
  [...(await store.consumed.readAll(store.database, topic)).values()].map(({ nextOffset }) => nextOffset);

test('case 65: each way to say where a reset goes leads there, in the partitions that are named', async () => {
  await using reading = await openReading();
  const { plan, topic } = reading;
  const places = async (target: OffsetTarget, topics?: ChosenTopics) =>
    (await plan(target, topics)).map(({ partition, from, to }) => [partition, from, to]);
  const at = (first: bigint, second: bigint) => [
    [0, 60n, first],
    [1, 40n, second],
  ];
  expect(await places({ kind: 'earliest' })).toEqual(at(10n, 10n));
  expect(await places({ kind: 'latest' })).toEqual(at(100n, 100n));
  expect(await places({ kind: 'offset', offset: 50n })).toEqual(at(50n, 50n));
  expect(await places({ kind: 'datetime', atMs: 30_000 })).toEqual(at(30n, 30n));
  expect(await places({ kind: 'shift', by: -35n })).toEqual(at(25n, 10n));
  expect(await places({ kind: 'shift', by: 50n })).toEqual(at(100n, 90n));
  expect(await places({ kind: 'listed', offsets: new Map([[`${topic}:1`, 20n]]) })).toEqual(at(60n, 20n));
  expect(await places({ kind: 'earliest' }, new Map([[topic, [1]]]))).toEqual([[1, 40n, 10n]]);
  expect(await places({ kind: 'earliest' }, new Map([[topic, undefined]]))).toEqual(at(10n, 10n));
});

test('case 65: a partition that nobody has read is not passed over in silence', async () => {
  await using reading = await openReading();
  const { plan, topic } = reading;
  await expect(plan({ kind: 'latest' }, new Map([[topic, [0, 7]]]))).rejects.toThrow(`${topic}:7: no daemon has read`);
  await expect(plan({ kind: 'listed', offsets: new Map([['other:0', 1n]]) })).rejects.toThrow('other:0: no daemon');
});

test('case 65: nothing is skipped until it is said what becomes of the rows; then every row is asked for with the move', async () => {
  await using reading = await openReading();
  const { plan, store, topic } = reading;
  const round = store.sources.get('account')?.round;
  const requests = async () => (await round?.report(store.database))?.requests;
  const before = await requests();
  const moves = await plan({ kind: 'offset', offset: 50n });
  await expect(executeReset(store, ADMIN, moves)).rejects.toMatchObject({
    message: expect.stringContaining('nothing was moved'),
    policy: { hint: expect.stringContaining('--then-backfill') },
  });
  expect(await nextOffsets(reading, topic)).toEqual([60n, 40n]);
  await executeReset(store, ADMIN, moves, 'accept loss');
  expect(await nextOffsets(reading, topic)).toEqual([50n, 50n]);
  expect(await requests()).toBe(before);
  await executeReset(store, ADMIN, await plan({ kind: 'shift', by: 5n }), 'backfill');
  expect(await nextOffsets(reading, topic)).toEqual([55n, 55n]);
  expect(await requests()).toBeGreaterThan(before ?? 0n);
});

test('case 63, 65: a rewind that another one has overtaken meanwhile skips nothing, and what stays is not touched', async () => {
  await using reading = await openReading();
  const { plan, store, topic } = reading;
  const moves = await plan({ kind: 'offset', offset: 40n });
  await executeReset(store, ADMIN, await plan({ kind: 'offset', offset: 20n }));
  await executeReset(store, ADMIN, moves);
  expect(await nextOffsets(reading, topic)).toEqual([20n, 20n]);
  expect([...(await store.consumed.readAll(store.database, topic)).values()]).toEqual([
    expect.objectContaining({ floor: 10n }),
    expect.objectContaining({ floor: 10n }),
  ]);
});
