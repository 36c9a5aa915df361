import type { Change } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed, type Feed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

function change(feed: Feed, offset: bigint, nick: string, more: Partial<Change> = {}): Change {
  const position = { epoch: 1, partition: 0, offset };
  return {
    source: feed.source.schema.mapping.name,
    key: 1n,
    kind: 'row',
    values: [null, nick],
    position,
    gtid: null,
    committedAtMs: 1,
    ...more,
  };
}

test('case 1: a batch that is delivered again finds the offset moved and stores nothing', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  const batch = [change(feed, 0n, 'Ann')];
  expect(await feed.batch(batch)).toMatchObject({ kind: 'stored', markCount: 1 });
  await drain(server);
  expect(await feed.batch(batch, { expectedOffset: 0n })).toMatchObject({
    kind: 'moved',
    consumed: { nextOffset: 1n },
  });
  expect((await drain(server)).written).toBe(0);
});

test('case 2: a rewind marks keys again, writes no older value, and repairs a copy edited by hand', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  const history = [change(feed, 0n, 'first'), change(feed, 1n, 'second')];
  await feed.batch(history);
  await drain(server);
  await server.friend.write('editing', `UPDATE ${server.friendDb}.friend SET nick = 'by hand'`);
  await server.store.database.transaction('rewinding', (tx) => server.store.consumed.rewind(tx, feed.topic, 0, 0n));

  expect(await feed.batch(history.slice(0, 1), { expectedOffset: 0n })).toMatchObject({ kind: 'stored', markCount: 1 });
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['second']);
});

test('case 11: a key that comes by another partition stores nothing and halts', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await feed.batch([change(feed, 0n, 'Ann')]);
  const strayed = change(feed, 1n, 'Bea', { position: { epoch: 1, partition: 3, offset: 1n } });
  await expect(feed.batch([strayed])).rejects.toMatchObject({ kind: 'topic_replaced', policy: { directive: 'halt' } });
  const state = server.configuration.settings.target.stateDatabase;
  expect(await column(server, `SELECT v_nick FROM ${state}.mirror_account`)).toEqual(['Ann']);
  expect(await column(server, `SELECT next_offset FROM ${state}.consumed`)).toEqual(['1']);
});

test('case 18: an owner whose epoch is over stores nothing', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  expect(await feed.batch([change(feed, 0n, 'Ann')], { epoch: 0 })).toMatchObject({
    kind: 'moved',
    consumed: { epoch: 1 },
  });
});

test.each(['adopted', 'begun anew'])(
  'case 59: a source that gets another table applies its changes, whose topic is %s',
  async (how) => {
    await using server = await openFriendServer(TABLES);
    const { friend, friendDb, store } = server;
    const feed = createFeed(server);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
    for (const nick of ['Ann', 'Bea', 'Cid']) await feed.rows([1n, null, nick]);
    await drain(server);

    const topic = 'another.table';
    await store.database.transaction('another topic', async (tx) => {
      if (how === 'adopted') await store.consumed.adopt(tx, topic, [{ partition: 0, low: 0n }]);
      else await store.consumed.beginEpoch(tx, topic, [{ partition: 0, nextOffset: 0n, maxTimestampMs: 0 }], '');
    });
    const { epoch = 0 } = (await store.consumed.topicEpoch(store.database, topic)) ?? {};
    const first = change(feed, 0n, 'Dan', { position: { epoch, partition: 0, offset: 0n } });
    await feed.batch([first], { topic, epoch, expectedOffset: 0n });
    await drain(server);
    expect(await column(server, `SELECT nick FROM ${friendDb}.friend`)).toEqual(['Dan']);
  },
);

test('case 10: 100 changes of one key in one batch mark it once, with the last value', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const { stateDatabase } = server.configuration.settings.target;
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  const changes = Array.from({ length: 100 }, (_, i) => change(feed, BigInt(i), `v${i}`));
  expect(await feed.batch(changes)).toMatchObject({ markCount: 1 });
  expect((await drain(server)).written).toBe(1);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['v99']);
  expect(await column(server, `SELECT next_offset FROM ${stateDatabase}.consumed`)).toEqual(['100']);
});

test.each([
  ['in one batch', ['B', 'A'], false],
  ['in two batches', ['B', 'A'], true],
])('case 10: a value that changes and changes back, %s, ends as it was', async (_, nicks, isFannedOutBetween) => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await feed.rows([1n, null, 'A']);
  await drain(server);
  const changes = nicks.map((nick, i) => change(feed, feed.nextOffset + BigInt(i), nick));
  for (const batch of isFannedOutBetween ? changes.map((one) => [one]) : [changes]) {
    await feed.batch(batch);
    expect((await drain(server)).written).toBe(isFannedOutBetween ? 1 : 0);
  }
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['A']);
  expect(feed.nextOffset).toBe(3n);
});

test('a change that leaves the mapped values as they are marks nothing', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await feed.batch([change(feed, 0n, 'Ann')]);
  expect(await feed.batch([change(feed, 1n, 'Ann')])).toMatchObject({ kind: 'stored', markCount: 0 });
});

test('two that mark the same keys in opposite order never deadlock', async () => {
  await using server = await openFriendServer(TABLES);
  const { source } = createFeed(server);
  const keys = Array.from({ length: 300 }, (_, i) => BigInt(i));
  const mark = (some: bigint[]) => server.store.database.transaction('marking', (tx) => source.pending.mark(tx, some));
  for (let round = 0; round < 20; round++) await Promise.all([mark(keys), mark([...keys].reverse())]);
  expect(await source.pending.count(server.store.database)).toMatchObject({ pending: 300 });
});
