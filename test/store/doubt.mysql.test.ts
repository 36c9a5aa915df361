import { expect, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

async function openRenamed() {
  const server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(1)`);
  await feed.rows([1n, null, 'old']);
  await feed.rows([1n, null, 'new']);
  await drain(server);
  const nicks = () => column(server, `SELECT DISTINCT nick FROM ${server.friendDb}.friend`);
  return { server, feed, nicks };
}

test('case 5: a row that was read before an update and comes after it takes no copy back', async () => {
  const { server, feed, nicks } = await openRenamed();
  await using _ = server;
  await feed.reads([1n, null, 'old']);
  await drain(server);
  expect(await nicks()).toEqual(['new']);
  expect(await feed.source.doubts.count(server.store.database)).toBe(1);

  await feed.reads([1n, null, 'new']);
  await drain(server);
  expect(await nicks()).toEqual(['new']);
});

test('a change that was lost is made good by the second read', async () => {
  const { server, feed, nicks } = await openRenamed();
  await using _ = server;
  await feed.reads([1n, null, 'lost']);
  await feed.reads([1n, null, 'lost']);
  await drain(server);
  expect(await nicks()).toEqual(['lost']);
});

test('a doubt is claimed once, is due again later, and ends unless it has begun anew', async () => {
  const { server, feed } = await openRenamed();
  await using _ = server;
  const { database } = server.store;
  const { doubts } = feed.source;
  const claim = () => database.transaction('claim', (tx) => doubts.claim(tx, [1n], 60));
  await feed.reads([1n, null, 'old']);
  const listed = await doubts.list(database, 10);
  expect(await claim()).toEqual([1n]);
  expect(await claim()).toEqual([]);
  await doubts.postpone(database, [1n], 0);
  expect(await claim()).toEqual([1n]);

  await feed.rows([1n, null, 'newer']);
  await feed.reads([1n, null, 'new']);
  await doubts.end(database, listed);
  expect(await doubts.count(database)).toBe(1);
  await doubts.end(database, await doubts.list(database, 10));
  expect(await doubts.count(database)).toBe(0);
});
