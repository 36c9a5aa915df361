import { type Database, takeAsDeleted } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY friend_id`);

/** Keys 1 to 3 with a copy each; the mirror knows 1 and 2, the source has what the test inserts. */
async function openOrphaned() {
  const server = await openFriendServer({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  const feed = createFeed(server);
  const copies = `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1,'a'),(2,'b'),(3,'c')`;
  await server.friend.write('copies', copies);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea']);
  await drain(server);
  const [mapping] = server.configuration.mapping.sources;
  if (!mapping) throw new Error('the mapping has no source');
  const take = (source: Database = server.user) =>
    takeAsDeleted({ store: server.store, source }, mapping, [1n, 2n, 3n]);
  const insert = (id: number) =>
    server.user.write('a row', `INSERT INTO ${server.userDb}.account (id, nick) VALUES (?, 'kept')`, [id]);
  return { server, feed, take, insert };
}

test('keys whose delete was never heard of get the delete policy’s values, those that the source has keep theirs', async () => {
  const { server, take, insert } = await openOrphaned();
  await using _ = server;
  await insert(2);
  expect(await take()).toBe(2);
  await drain(server);
  expect(await nicks(server)).toEqual(['gone', 'Bea', 'gone']);
});

test('a key that comes back after it was taken as deleted has its new value', async () => {
  const { server, feed, take } = await openOrphaned();
  await using _ = server;
  expect(await take()).toBe(3);
  await feed.rows([1n, null, 'Ann again'], [3n, null, 'Cid']);
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann again', 'gone', 'Cid']);
});

test('a key of which a change comes while the source is asked is not taken as deleted', async () => {
  const { server, feed, take } = await openOrphaned();
  await using _ = server;
  const asked: Database = {
    ...server.user,
    async rows(...question) {
      const rows = await server.user.rows(...question);
      await feed.rows([1n, null, 'back'], [3n, null, 'new']);
      return rows;
    },
  };
  expect(await take(asked)).toBe(1);
  await drain(server);
  expect(await nicks(server)).toEqual(['back', 'gone', 'new']);
});
