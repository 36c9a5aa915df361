import { expect, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed, type Feed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';

const SOURCE = 'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64))';
const MAPPED = `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`;

/** Keys 1 to 4 with a copy each, named A to D, which must be unique; equal to the mirror. */
async function openSettled(nick = 'nick VARCHAR(64) UNIQUE', isFanOutIdle = false) {
  const server = await openFriendServer({
    userTables: [SOURCE],
    friendTables: [
      `CREATE TABLE friend (friend_id BIGINT, team INT DEFAULT 7, ${nick}, n INT AUTO_INCREMENT PRIMARY KEY, KEY (friend_id))`,
    ],
    sources: MAPPED,
  });
  const feed = createFeed(server, isFanOutIdle);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1,'A'),(2,'B'),(3,'C'),(4,'D')`,
  );
  await feed.rows([1n, 'A'], [2n, 'B'], [3n, 'C'], [4n, 'D']);
  await drain(server);
  return { server, feed };
}

const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY n`);
const pendingOf = (server: FriendServer, feed: Feed) => feed.source.pending.count(server.friend);

/** As if the back-off of what is parked had grown, and had just begun. */
async function waitLong({ friend, configuration }: FriendServer): Promise<void> {
  const { stateDatabase } = configuration.settings.target;
  await friend.write('backing off', `UPDATE ${stateDatabase}.pending SET due = NOW(6) + INTERVAL 5 MINUTE`);
}

test.each([
  ['two keys', ['B', 'A', 'C', 'D'], undefined],
  ['four keys', ['D', 'A', 'B', 'C'], undefined],
  ['two keys, in other letters,', ['b', 'a', 'C', 'D'], undefined],
  ['keys of one team', ['B', 'A', 'D', 'C'], 'nick VARCHAR(64), UNIQUE (team, nick)'],
])('case 94: %s that exchange unique values end right', async (_, names, definition) => {
  const { server, feed } = await openSettled(definition);
  await using __ = server;
  await feed.rows(...names.map((name, i): [bigint, string] => [BigInt(i + 1), name]));
  expect(await drain(server)).toMatchObject({ postponed: [] });
  expect(await nicks(server)).toEqual(names);
  expect(await pendingOf(server, feed)).toEqual({ pending: 0, parked: 0 });
});

test('case 94: a key whose value another one holds is parked, with index and holder, no value; the exchange is done once the other comes', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  await feed.rows([1n, 'B']);
  await drain(server);
  expect(await feed.source.pending.parked(server.friend)).toMatchObject([
    {
      key: 1n,
      reason: `${server.friendDb}.friend, index friend.nick: ER_DUP_ENTRY: another copy holds the value, which must be unique: that of key 2`,
    },
  ]);
  await waitLong(server);
  await feed.rows([2n, 'A']);
  await drain(server);
  expect(await nicks(server)).toEqual(['B', 'A', 'C', 'D']);
  expect(await pendingOf(server, feed)).toEqual({ pending: 0, parked: 0 });
});

test.each([
  ['fanned out', false],
  ['written through', true],
])('case 94: a parked key is tried again at once when the holder of its value is %s', async (_, isFanOutIdle) => {
  const { server, feed } = await openSettled(undefined, isFanOutIdle);
  await using __ = server;
  await feed.rows([1n, 'B']);
  await drain(server);
  expect(await nicks(server)).toEqual(['A', 'B', 'C', 'D']);
  await waitLong(server);
  expect(await feed.rows([2n, 'E'])).toMatchObject({ applied: isFanOutIdle ? { changed: 1 } : undefined });
  await drain(server);
  expect(await nicks(server)).toEqual(['B', 'E', 'C', 'D']);
  expect(await pendingOf(server, feed)).toEqual({ pending: 0, parked: 0 });
});

test('case 94: where a unique value may not be NULL, values go on in a row; an exchange is parked, and says why', async () => {
  const { server, feed } = await openSettled('nick VARCHAR(64) NOT NULL UNIQUE');
  await using _ = server;
  await feed.rows([1n, 'B'], [2n, 'C'], [3n, 'E']);
  expect(await drain(server)).toMatchObject({ postponed: [] });
  expect(await nicks(server)).toEqual(['B', 'C', 'E', 'D']);

  await feed.rows([1n, 'C'], [2n, 'B'], [4n, 'F']);
  await drain(server);
  expect(await nicks(server)).toEqual(['B', 'C', 'E', 'F']);
  expect(await feed.source.pending.parked(server.friend)).toMatchObject(
    [1n, 2n].map((key) => ({
      key,
      reason: expect.stringMatching(/ that of key [12]; keys can only exchange values that may be NULL$/),
    })),
  );
});
