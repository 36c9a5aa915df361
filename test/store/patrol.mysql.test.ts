import { createLogger, Health } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { startRounds } from '../../sync-service/src/application/read/rounds.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import { requestRounds } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, type FriendServerOptions, openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);
const pendingOf = (server: FriendServer) => server.store.sources.get('account')?.pending.count(server.store.database);

/** Keys 1, 2 and 3 with copies in both targets, all equal, nothing pending; the first load is over. */
async function openSettled(options: FriendServerOptions = TABLES) {
  const server = await openFriendServer(options);
  const feed = createFeed(server);
  const { user, userDb, friend, friendDb } = server;
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES (1,'Ann'),(2,'Bea'),(3,'Cid')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3),(1)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member VALUES (7,1,NULL),(7,2,NULL),(8,1,NULL)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
  await drain(server);
  const reads = await openReads(server, feed);
  /** Keys whose copies a round finds differing, with nothing on its way to correct them. */
  const patrol = async () => (await reads.round())?.correctedKeys;
  await patrol();
  return { server, feed, reads, patrol };
}

test('case 51: copies whose mapped columns alone were edited are corrected within one round', async () => {
  const { server, reads, patrol } = await openSettled();
  await using _ = reads;
  const { friend, friendDb } = server;
  expect(await patrol()).toBe(0);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'ann' WHERE id = 4`);
  await friend.write('by hand', `UPDATE ${friendDb}.member SET nick = NULL WHERE user_id = 2`);
  expect(await patrol()).toBe(2);
  expect((await drain(server)).written).toBe(2);
  expect(await nicks(server)).toEqual(['Ann', 'Bea', 'Cid', 'Ann']);
  expect(await patrol()).toBe(0);
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
  const { friend, friendDb, store } = server;
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
  const sweep = feed.source.mapped[0]?.fit?.sweep;
  let count = 0;
  for (let after: string[] | undefined = []; after && sweep; ) {
    const upTo: string[] | undefined = await sweep.chunkEnd(store.database, after, 7);
    const keys = (await sweep.differing(store.database, { after, upTo })).map(({ key }) => key);
    await feed.source.pending.mark(store.database, keys);
    count += keys.length;
    after = upTo;
  }
  expect(count).toBe(60);
  expect((await drain(server)).written).toBe(60);
  expect(
    await column(server, `SELECT COUNT(*) FROM ${friendDb}.friend WHERE nick = BINARY CONCAT('nick of ', friend_id)`),
  ).toEqual(['60']);
});

test('a key that is pending is no drift, but is marked, so that a pass beyond the copy begins anew', async () => {
  const { server, feed, reads, patrol } = await openSettled();
  await using _ = reads;
  await server.user.write('a change', `UPDATE ${server.userDb}.account SET nick = 'Ann B.' WHERE id = 1`);
  await feed.rows([1n, null, 'Ann B.']);
  const { pending } = feed.source;
  const claim = await server.store.database.transaction('claim', (tx) => pending.claim(tx, 1));
  expect(await patrol()).toBe(0);
  await server.store.database.transaction('complete', (tx) => pending.complete(tx, claim?.token ?? 0n, [1n]));
  expect(await pendingOf(server)).toEqual({ pending: 1, parked: 0 });
});

test('a key that is parked stays parked', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  const { server, feed, reads, patrol } = await openSettled({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  await using _ = reads;
  await server.user.write('a change', `UPDATE ${server.userDb}.account SET nick = 'much too long' WHERE id = 1`);
  await feed.rows([1n, null, 'much too long']);
  await drain(server);
  expect(await patrol()).toBe(0);
  expect(await pendingOf(server)).toEqual({ pending: 1, parked: 1 });
});

test('what friend-sync would not write is no drift: another where, deleted and unknown keys', async () => {
  const { server, feed, reads, patrol } = await openSettled({
    ...TABLES,
    sources: TABLES.sources.replace(
      'set: { nick: nick, avatar',
      `where: "remark <=> 'mine'", set: { nick: nick, avatar`,
    ),
  });
  await using _ = reads;
  const { user, userDb, friend, friendDb } = server;
  await friend.write('copies', `UPDATE ${friendDb}.friend SET remark = 'mine' WHERE id > 1`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, remark) VALUES (9,'mine')`);
  await patrol();
  await user.write('deleting', `DELETE FROM ${userDb}.account WHERE id = 3`);
  await feed.deletes(3n);
  await expect
    .poll(() => drain(server).then(() => pendingOf(server)), { timeout: PATIENCE_MS })
    .toMatchObject({ pending: 0 });
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE id = 1 OR friend_id IN (3, 9)`);
  expect(await patrol()).toBe(0);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE friend_id = 2`);
  expect(await patrol()).toBe(1);
});

test('a copy that lacks the replacement of the delete policy has drifted', async () => {
  const { server, feed, reads, patrol } = await openSettled({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  await using _ = reads;
  const { user, userDb, friend, friendDb } = server;
  await user.write('deleting', `DELETE FROM ${userDb}.account WHERE id = 3`);
  await feed.deletes(3n);
  await expect.poll(() => drain(server).then(() => nicks(server)), { timeout: PATIENCE_MS }).toContain('gone');
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'Cid' WHERE friend_id = 3`);
  expect(await patrol()).toBe(1);
});

test('nothing that somebody has locked is waited for', async () => {
  const { server, reads, patrol } = await openSettled();
  await using _ = reads;
  const { user, userDb, friend, friendDb, configuration } = server;
  await user.transaction('the application', async (rows) => {
    await rows.rows('locking', `SELECT id FROM ${userDb}.account FOR UPDATE`);
    await friend.transaction('the application', async (tx) => {
      await tx.write('locking', `UPDATE ${friendDb}.friend SET nick = 'uncommitted'`);
      await tx.rows(
        'locking',
        `SELECT k FROM ${configuration.settings.target.stateDatabase}.mirror_account FOR UPDATE`,
      );
      expect(await patrol()).toBe(0);
    });
  });
});

test('one instance goes round at a time; a round that was left, or whose instance died, goes on elsewhere', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const { round } = feed.source;
  const place = { leg: 'source', after: ['2'] };
  const tally = { rowCount: 2, correctedKeys: 1 };
  const take = (leaseSeconds: number) => database.transaction('rounds', (tx) => round.take(tx, leaseSeconds));
  const first = await take(30);
  expect(first).toMatchObject({ isAsked: false, place: undefined });
  expect(await take(30)).toBe(undefined);
  expect(await round.goOn(database, first?.token ?? 0n, 30, place, tally)).toBeDefined();
  await round.leave(database, first?.token ?? 0n, 0);
  const second = await take(0);
  expect(second).toMatchObject({ place, ...tally });
  expect(await round.goOn(database, first?.token ?? 0n, 30, place, tally)).toBe(undefined);
  // Its lease of 0 s is over: it died.
  const third = await take(30);
  expect(third).toMatchObject({ place, ...tally });
  expect(await round.goOn(database, second?.token ?? 0n, 30, place, tally)).toBe(undefined);
  await round.end(database, third?.token ?? 0n, { rowCount: 3, correctedKeys: 5 }, 600);
  expect(await round.report(database)).toMatchObject({ lastRowCount: 3, lastCorrectedKeys: 5, lastAgeSeconds: 0 });
  expect(await take(30)).toBe(undefined);
});

test('a round that is asked for during a round ends that one, and begins', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const { round } = feed.source;
  const take = () => database.transaction('rounds', (tx) => round.take(tx, 30));
  const first = await take();
  const place = { leg: 'source', after: ['2'] };
  const tally = { rowCount: 2, correctedKeys: 1 };
  await round.goOn(database, first?.token ?? 0n, 30, place, tally);
  const request = await round.request(database);
  expect(await round.goOn(database, first?.token ?? 0n, 30, place, tally)).toBe(undefined);
  const second = await take();
  expect(second).toMatchObject({ isAsked: true, place: undefined, rowCount: 0 });
  // The first one is nobody's any more: it ends nothing.
  await round.end(database, first?.token ?? 0n, tally, 600);
  expect((await round.report(database)).servedRequests).toBe(request - 1n);
  await round.end(database, second?.token ?? 0n, tally, 600);
  expect(await round.report(database)).toMatchObject({ isAsked: false, servedRequests: request });
  expect(await take()).toBe(undefined);
});

test('a round that has yet to sweep does for copies that were missed; one that sweeps goes on, and the patrol follows', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const { round } = feed.source;
  await round.request(database);
  const take = () => database.transaction('rounds', (tx) => round.take(tx, 30));
  const tally = { rowCount: 2, correctedKeys: 0 };
  for (const [leg, follows] of [['source', false] as const, ['copy friend.friend_id', true] as const]) {
    const token = (await take())?.token ?? 0n;
    expect(await round.goOn(database, token, 30, { leg, after: ['2'] }, tally)).toBeDefined();
    await requestRounds(server.store, database);
    expect(await round.goOn(database, token, 30, { leg, after: ['2'] }, tally)).toBeDefined();
    expect(await round.report(database)).toMatchObject({ leg, rowCount: 2 });
    await round.end(database, token, tally, 600);
    const next = await take();
    expect(next?.isAsked).toBe(follows ? false : undefined);
    if (next) await round.end(database, next.token, tally, 600);
    expect(await take()).toBe(undefined);
    if (!follows) await round.request(database);
  }
});

test('the rounds of a daemon come by themselves; one that is stopped leaves its round', async () => {
  const { server, reads } = await openSettled();
  await using _ = reads;
  const { metrics, settler, events, parts } = reads;
  const [health, log] = [new Health(), createLogger('fatal')];
  const perseverance = new Perseverance(health, log, 1_000);
  const settings = { ...server.configuration.settings, patrol: { intervalSeconds: 1, rowsPerSecond: 20_000 } };
  const rounds = startRounds({
    parts,
    readFrom: parts.database,
    settler,
    events,
    settings,
    perseverance,
    health,
    metrics,
    log,
    onDrift() {},
  });
  await server.friend.write('by hand', `UPDATE ${server.friendDb}.friend SET nick = 'x' WHERE friend_id = 2`);
  await expect.poll(() => drain(server).then(() => nicks(server)), { timeout: PATIENCE_MS }).not.toContain('x');
  await rounds[Symbol.asyncDispose]();
  const { database } = server.store;
  const take = () => database.transaction('rounds', (tx) => parts.source.round.take(tx, 30));
  await expect.poll(take, { timeout: PATIENCE_MS }).toBeDefined();
});
