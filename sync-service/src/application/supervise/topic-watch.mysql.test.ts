import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { watchTopics } from './topic-watch.ts';

const TOPIC = 'some.topic';
/** As it was joined: two partitions, read up to offset 60. */
const JOINED = { partitions: 2, high: 100n, newer: 100n };

test.each([
  ['a topic that was given more partitions', { ...JOINED, partitions: 3 }],
  ['a log that was re-created and has outgrown the offset', { ...JOINED, newer: 5n }],
  ['a log that was re-created and is shorter', { ...JOINED, high: 50n, newer: 50n }],
])('case 11: %s has the consumer join again, once', async (_, changed) => {
  await using server = await openFriendServer(TABLES);
  const { store } = server;
  const starts = [0, 1].map((partition) => ({ partition, low: 0n }));
  await store.database.transaction('reading', async (tx) => {
    await store.consumed.adopt(tx, TOPIC, starts);
    const advance = { topic: TOPIC, partition: 0, nextOffset: 60n, maxTimestampMs: 1_000, newestGtid: null };
    await store.consumed.advance(tx, advance);
  });
  let log = JOINED;
  const positions = [{ topic: TOPIC, partition: 0, expectedOffset: 60n }];
  const looks = vi.fn(() => [...positions]);
  const admin = {
    partitionCount: async () => log.partitions,
    partitionOffsets: async () => [{ partition: 0, low: 0n, high: log.high }],
    offsetsAtTimestamp: async () => new Map([[0, log.newer]]),
  } as unknown as KafkaAdmin;
  // What joins again halts, and has no position then.
  const rejoin = vi.fn(() => positions.splice(0));
  const consumer = { assignment: looks, rejoin };
  const parts = { store, admin, consumer, topics: [TOPIC], log: pino({ level: 'silent' }) };
  await using _watching = await watchTopics(parts, 10);
  const lookAgain = async () => {
    const before = looks.mock.calls.length;
    await expect.poll(() => looks.mock.calls.length).toBeGreaterThan(before + 2);
  };
  await lookAgain();
  expect(rejoin).not.toHaveBeenCalled();
  log = changed;
  await lookAgain();
  expect(rejoin).toHaveBeenCalledTimes(1);
});
