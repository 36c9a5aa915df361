import { createLogger, Health, patrolRound } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { startPatrol } from '../../sync-service/src/application/fan-out/patrol.ts';
import { Perseverance } from '../../sync-service/src/application/watch/perseverance.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, type FriendServerOptions, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

const round = (server: FriendServer, chunkRows?: number) =>
  patrolRound(server.store, async () => true, undefined, undefined, chunkRows);
const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);
const pendingOf = (server: FriendServer) => server.store.sources.get('account')?.pending.count(server.store.database);

/** Keys 1, 2 and 3 with copies in both targets, all equal, nothing pending. */
async function openSettled(options: FriendServerOptions = TABLES) {
  const server = await openFriendServer(options);
  const feed = createFeed(server);
  const { friend, friendDb } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3),(1)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member VALUES (7,1,NULL),(7,2,NULL),(8,1,NULL)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
  await drain(server);
  return { server, feed };
}

test('case 51: copies whose mapped columns alone were edited are corrected within one round', async () => {
  const { server } = await openSettled();
  await using _ = server;
  const { friend, friendDb } = server;
  expect(await round(server)).toBe(0);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'ann' WHERE id = 4`);
  await friend.write('by hand', `UPDATE ${friendDb}.member SET nick = NULL WHERE user_id = 2`);
  expect(await round(server)).toBe(2);
  expect((await drain(server)).written).toBe(2);
  expect(await nicks(server)).toEqual(['Ann', 'Bea', 'Cid', 'Ann']);
  expect(await round(server)).toBe(0);
  expect(await pendingOf(server)).toEqual({ pending: 0, parked: 0 });
});

test('case 53, 56: many copies edited by hand are all restored, chunk by chunk, by a composite primary key', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE account (id VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      `CREATE TABLE friend (kind ENUM('z','a','m') NOT NULL, tag VARBINARY(8), n BIGINT UNSIGNED, friend_id VARCHAR(40) COLLATE utf8mb4_general_ci,
         nick VARCHAR(64), PRIMARY KEY (kind, tag, n), KEY (friend_id))`,
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick } }]`,
  });
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  const ids = Array.from({ length: 60 }, (_, i) => `u${i}`);
  const copies = ids.map((id, i) => [
    (['z', 'a', 'm'] as const)[i % 3],
    Buffer.from([i % 4, 255]),
    2n ** 63n + BigInt(i),
    id,
  ]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (kind, tag, n, friend_id) VALUES ?`, [copies]);
  await feed.rows(...ids.map((id): [string, string] => [id, `nick of ${id}`]));
  await drain(server);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = UPPER(nick)`);
  expect(await round(server, 7)).toBe(60);
  expect((await drain(server)).written).toBe(60);
  expect(
    await column(server, `SELECT COUNT(*) FROM ${friendDb}.friend WHERE nick = BINARY CONCAT('nick of ', friend_id)`),
  ).toEqual(['60']);
});

test('a key that is pending is no drift, but is marked, so that a pass beyond the copy begins anew', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  await feed.rows([1n, null, 'Ann B.']);
  const { pending } = feed.source;
  const claim = await server.store.database.transaction('claim', (tx) => pending.claim(tx, 1));
  expect(await round(server)).toBe(0);
  await server.store.database.transaction('complete', (tx) => pending.complete(tx, claim?.token ?? 0n, [1n]));
  expect(await pendingOf(server)).toEqual({ pending: 1, parked: 0 });
});

test('a key that is parked stays parked', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  const { server, feed } = await openSettled({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  await using _ = server;
  await feed.rows([1n, null, 'much too long']);
  await drain(server);
  expect(await round(server)).toBe(0);
  expect(await pendingOf(server)).toEqual({ pending: 1, parked: 1 });
});

test('what friend-sync would not write is no drift: another where, unknown columns, deleted and unknown keys', async () => {
  await using server = await openFriendServer({
    ...TABLES,
    sources: TABLES.sources.replace(
      'set: { nick: nick, avatar',
      `where: "remark <=> 'mine'", set: { nick: nick, avatar`,
    ),
  });
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.friend (friend_id, nick, avatar, remark) VALUES (1,'x','x',NULL),(2,'Bea','x','mine'),(3,'x','x','mine'),(9,'x','x','mine')`,
  );
  await feed.rows([1n, null, 'Ann'], [2n, undefined, 'Bea'], [3n, null, 'Cid']);
  await drain(server);
  await feed.deletes(3n);
  await expect
    .poll(() => drain(server).then(() => pendingOf(server)), { timeout: 10_000 })
    .toMatchObject({ pending: 0 });
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE friend_id <> 2`);
  expect(await round(server)).toBe(0);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE friend_id = 2`);
  expect(await round(server)).toBe(1);
});

test('a copy that lacks the replacement of the delete policy has drifted', async () => {
  const { server, feed } = await openSettled({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  await using _ = server;
  const { friend, friendDb } = server;
  await feed.deletes(3n);
  await expect.poll(() => drain(server).then(() => nicks(server)), { timeout: 10_000 }).toContain('gone');
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'Cid' WHERE friend_id = 3`);
  expect(await round(server)).toBe(1);
});

test('nothing that somebody has locked is waited for', async () => {
  const { server } = await openSettled();
  await using _ = server;
  const { friend, friendDb, configuration } = server;
  await friend.transaction('the application', async (tx) => {
    await tx.write('locking', `UPDATE ${friendDb}.friend SET nick = 'uncommitted'`);
    await tx.rows('locking', `SELECT k FROM ${configuration.settings.target.stateDatabase}.mirror_account FOR UPDATE`);
    expect(await round(server)).toBe(0);
  });
});

test('one instance patrols at a time; a round that was left, or whose instance died, is begun by another', async () => {
  await using server = await openFriendServer(TABLES);
  const { database, patrol } = server.store;
  const first = await patrol.begin(database, 30);
  expect(first).toBeDefined();
  expect(await patrol.begin(database, 30)).toBe(undefined);
  await patrol.abandon(database, first ?? 0n);
  const second = (await patrol.begin(database, 0)) ?? 0n;
  expect(await patrol.renew(database, first ?? 0n, 30)).toBe(false);
  // Its lease of 0 s is over: it died.
  const third = (await patrol.begin(database, 30)) ?? 0n;
  expect(await patrol.renew(database, second, 30)).toBe(false);
  await patrol.end(database, third, 5, 600);
  expect(await patrol.report(database)).toMatchObject({ driftedKeys: 5, endedAt: expect.any(String) });
  expect(await patrol.begin(database, 30)).toBe(undefined);
});

test('a round that is asked for during a round begins when that one ends', async () => {
  await using server = await openFriendServer(TABLES);
  const { database, patrol } = server.store;
  const first = (await patrol.begin(database, 30)) ?? 0n;
  await patrol.request(database);
  expect(await patrol.begin(database, 30)).toBe(undefined);
  await patrol.end(database, first, 0, 600);
  const second = await patrol.begin(database, 30);
  expect(second).toBeDefined();
  await patrol.end(database, second ?? 0n, 0, 600);
  expect(await patrol.begin(database, 30)).toBe(undefined);
  await patrol.request(database);
  expect(await patrol.begin(database, 30)).toBeDefined();
});

test('the patrol of a daemon goes round by itself, and leaves its round when it is stopped', async () => {
  const { server } = await openSettled();
  await using _ = server;
  const perseverance = new Perseverance(new Health(), createLogger('fatal'), 1_000);
  const events = { onMarked() {}, onRound() {} };
  const patrol = startPatrol({ store: server.store, perseverance, intervalSeconds: 1, events });
  await server.friend.write('by hand', `UPDATE ${server.friendDb}.friend SET nick = 'x' WHERE friend_id = 2`);
  await expect.poll(() => drain(server).then(() => nicks(server)), { timeout: 20_000 }).not.toContain('x');
  await patrol[Symbol.asyncDispose]();
  const { database, patrol: store } = server.store;
  await expect.poll(() => store.begin(database, 30), { timeout: 10_000 }).toBeDefined();
});
