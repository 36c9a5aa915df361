import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { Health } from './health.ts';
import { tellRetention } from './topic-retention.ts';

const TOPIC = 'test.account';
const DAY_MS = 86_400_000;

test.each([
  ['half of the time is over', 4, 7, 20n, ['retention_near']],
  ['there is time', 3, 7, 20n, []],
  ['nothing is unread', 4, 7, 10n, []],
  ['it keeps everything', 4, undefined, 20n, []],
])('a topic whose unread messages may soon be gone is reported, where %s', async (_, behind, keeps, high, kinds) => {
  await using server = await openFriendServer(TABLES);
  const { store } = server;
  await store.database.transaction('ingesting', async (tx) => {
    await store.consumed.adopt(tx, TOPIC, [{ partition: 0, low: 0n }]);
    const maxTimestampMs = Date.now() - behind * DAY_MS;
    await store.consumed.advance(tx, { topic: TOPIC, partition: 0, nextOffset: 10n, maxTimestampMs, newestGtid: null });
  });
  const admin = {
    partitionOffsets: async () => [{ partition: 0, low: 0n, high }],
    keepsMs: async () => (keeps === undefined ? undefined : keeps * DAY_MS),
  };
  const health = new Health();
  await tellRetention({ store, admin, topics: [TOPIC], health }, TOPIC);
  expect(health.troubles.map(({ kind }) => kind)).toEqual(kinds);
});
