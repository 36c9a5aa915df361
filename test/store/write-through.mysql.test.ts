import type { Change } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { findHeld } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed, type Feed } from '../support/feed.ts';
import { type FriendServer, type FriendServerOptions, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);

/** Keys 1 and 2 with copies, in the mirror, all equal; from here on the fan-out is idle. */
async function openSettled(options: FriendServerOptions = TABLES) {
  const server = await openFriendServer(options);
  const feed = createFeed(server, true);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(2)`);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.member VALUES (7,1,NULL)`);
  expect(await feed.rows([1n, null, 'one'], [2n, null, 'two'])).toMatchObject({ markCount: 2, applied: undefined });
  await drain(server);
  return { server, feed };
}

test('few copies are written in the transaction that stores the change, and nothing is pending', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  expect(await feed.rows([1n, 'a.png', 'Ann'])).toMatchObject({ markCount: 0, applied: { changed: 2 } });
  expect(await nicks(server)).toEqual(['Ann', 'two']);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.member`)).toEqual(['Ann']);
  expect(await feed.source.pending.count(server.store.database)).toEqual({ pending: 0, parked: 0 });
});

test('a copy that somebody has locked is not waited for: its key is marked', async () => {
  const { server, feed } = await openSettled({ ...TABLES, settings: { fanOut: { lockWaitSeconds: 60 } } });
  await using _ = server;
  await server.friend.transaction('the application', async (tx) => {
    await tx.rows('locking', `SELECT id FROM ${server.friendDb}.friend WHERE friend_id = 1 FOR UPDATE`);
    expect(await feed.rows([1n, null, 'Ann'])).toMatchObject({ kind: 'stored', markCount: 1, applied: undefined });
  });
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann', 'two']);
}, 20_000); // a third of the wait

test('a value that the target refuses is stored and left to the fan-out, which parks its key', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  const { server, feed } = await openSettled({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  await using _ = server;
  expect(await feed.rows([1n, null, 'too long'])).toMatchObject({ kind: 'stored', markCount: 1 });
  expect((await drain(server)).postponed.map(({ kind }) => kind)).toEqual(['store_refused']);
  expect(await feed.rows([1n, null, 'fits'])).toMatchObject({ kind: 'stored' });
  await drain(server);
  expect(await nicks(server)).toEqual(['fits', 'two']);
});

test('case 83: a parked key whose new value is written through is parked no longer', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  const { server, feed } = await openSettled({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  await using _ = server;
  await feed.rows([1n, null, 'too long']);
  await drain(server);
  const { pending } = feed.source;
  expect(await pending.count(server.store.database)).toEqual({ pending: 1, parked: 1 });
  expect(await feed.rows([1n, null, 'fits'])).toMatchObject({ applied: { changed: 2 } });
  expect(await pending.count(server.store.database)).toEqual({ pending: 1, parked: 0 });
  await drain(server);
  expect(await pending.count(server.store.database)).toEqual({ pending: 0, parked: 0 });
});

test('case 83: a parked key that is written through while it is tried again is parked no longer', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  const { server, feed } = await openSettled({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  await using _ = server;
  const { database } = server.store;
  const { pending } = feed.source;
  await feed.rows([1n, null, 'too long']);
  await drain(server);
  await database.write('ending waits', `UPDATE ${pending.table} SET due = NOW(6)`);
  const { token = 0n } = (await database.transaction('claim', (tx) => pending.claim(tx, 1))) ?? {};
  expect(await feed.rows([1n, null, 'fits'])).toMatchObject({ applied: { changed: 2 } });
  await database.transaction('parking', (tx) => pending.park(tx, token, 1n, 'what was refused before'));
  expect(await pending.count(database)).toEqual({ pending: 1, parked: 0 });
  await drain(server);
  expect(await pending.count(database)).toEqual({ pending: 0, parked: 0 });
});

test('a key with many copies is left to the fan-out', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const copies = Array.from({ length: 300 }, () => '(1)').join();
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES ${copies}`);
  expect(await feed.rows([1n, null, 'Ann'])).toMatchObject({ markCount: 1, applied: undefined });
});

test('a pass that was under way when a change was written through ends with the new value everywhere', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(1)`);
  await feed.source.pending.mark(server.store.database, [1n]);
  const [source] = server.store.sources.values();
  const claim = await server.store.database.transaction('claim', async (tx) => source?.pending.claim(tx, 1));
  const [copy] = feed.source.copies;
  await server.store.database.transaction('its first chunk', async (tx) => {
    await copy?.makeEqual(tx, [1n], { after: [], upTo: ['1'] });
    await feed.source.pending.leaveAt(tx, claim?.token ?? 0n, 1n, { copy: copy?.id ?? '', after: ['1'] });
  });
  expect(await feed.rows([1n, null, 'Ann'])).toMatchObject({ applied: { changed: expect.any(Number) } });
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann', 'two', 'Ann', 'Ann']);
});

/** One change of key 1, at this offset. */
const change = (
  feed: Feed,
  offset: bigint,
  nick: string,
  where: { epoch?: number; partition?: number } = {},
): Change => ({
  source: feed.source.schema.mapping.name,
  key: 1n,
  kind: 'row',
  values: [null, nick],
  position: { epoch: 1, partition: 0, offset, ...where },
  gtid: null,
  committedAtMs: 1,
});

test('a batch whose partition another owner has moved on is not written through', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { nextOffset } = feed;
  await feed.rows([2n, null, 'moves the offset']);
  const zombie = { expectedOffset: nextOffset, nextOffset: nextOffset + 5n };
  expect(await feed.batch([change(feed, nextOffset + 4n, 'not mine')], zombie)).toMatchObject({
    kind: 'moved',
    consumed: { nextOffset: nextOffset + 1n },
  });
  expect(await nicks(server)).toEqual(['one', 'moves the offset']);
});

test('a batch of an epoch that is over is not written through', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { nextOffset } = feed;
  await server.friend.write('a new epoch', `UPDATE ${server.store.consumed.table} SET epoch = 2`);
  expect(await feed.batch([change(feed, nextOffset, 'of epoch 1')])).toMatchObject({ kind: 'moved' });
  expect(await nicks(server)).toEqual(['one', 'two']);
});

test('after a rewind an older value is not written through', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { nextOffset } = feed;
  await feed.rows([1n, null, 'older']);
  await feed.rows([1n, null, 'newer']);
  await server.store.database.transaction('rewinding', (tx) =>
    server.store.consumed.rewind(tx, feed.topic, 0, nextOffset),
  );
  const again = { expectedOffset: nextOffset, nextOffset: nextOffset + 1n };
  expect(await feed.batch([change(feed, nextOffset, 'older')], again)).toMatchObject({ kind: 'stored', markCount: 1 });
  expect(await nicks(server)).toEqual(['newer', 'two']);
});

test('a key that comes by another partition is not written through, and halts', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { nextOffset } = feed;
  await server.friend.write('by hand', `UPDATE ${server.friendDb}.friend SET nick = 'by hand' WHERE friend_id = 1`);
  await expect(feed.batch([change(feed, nextOffset, 'elsewhere', { partition: 1 })])).rejects.toMatchObject({
    kind: 'topic_replaced',
  });
  expect(await nicks(server)).toEqual(['by hand', 'two']);
});

test('case 72: a key is not written through while a copy is held', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { store, friend, friendDb } = server;
  await friend.write('breaking', `ALTER TABLE ${friendDb}.member ENGINE = MyISAM`);
  await findHeld(store);
  expect(await feed.rows([1n, null, 'Ann'])).toMatchObject({ kind: 'stored', markCount: 1, applied: undefined });
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann', 'two']);
  expect([...(await feed.source.missed.marks(store.database)).keys()]).toEqual(['member.user_id']);
});
