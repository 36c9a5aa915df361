import { openStore, openTarget, type Value } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';

/** One target with one column, whose copies of the keys 1, 2, 3 begin as `old`. */
async function openWith(definition: string, sourceDefinition = 'VARCHAR(64)', policy = ''): Promise<FriendServer> {
  const server = await openFriendServer({
    userTables: [`CREATE TABLE account (id BIGINT PRIMARY KEY, nick ${sourceDefinition})`],
    friendTables: [
      `CREATE TABLE friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick ${definition}, KEY (friend_id))`,
    ],
    sources: `
  - { name: account, table: USER.account, key: id, ${policy}copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`,
  });
  const values = definition.startsWith('VARCHAR') || definition.includes('TEXT') ? "'old'" : '0';
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1,${values}),(2,${values}),(3,${values})`,
  );
  return server;
}

const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);
/** What keeps the copy from being written. */
const problemOf = ({ sources }: FriendServer['store']) => sources.get('account')?.mapped[0]?.problem;
const kindsOf = (postponed: readonly { kind: string }[]) => postponed.map(({ kind }) => kind);

/** The same, while the friend server lets its sessions cut values, as its operator may have set it up. */
async function openLax(definition: string, sourceDefinition?: string): Promise<FriendServer> {
  const server = await openWith(definition, sourceDefinition);
  const { friend, configuration } = server;
  const [row] = await friend.rows('the server as it was', 'SELECT @@GLOBAL.sql_mode AS mode');
  await friend.write('configuring', "SET GLOBAL sql_mode = ''");
  // Only new connections notice.
  const store = await openStore(configuration, openTarget(configuration));
  return {
    ...server,
    store,
    async [Symbol.asyncDispose]() {
      await friend.write('configuring', 'SET GLOBAL sql_mode = ?', [row?.mode]);
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('case 33: a value too long for its target is parked, not cut, on a server that is not strict; a later, shorter one applies', async () => {
  await using server = await openLax('VARCHAR(5)');
  const feed = createFeed(server);
  await feed.rows([1n, 'Ann'], [2n, 'much too long'], [3n, 'Cid']);
  expect(kindsOf((await drain(server)).postponed)).toEqual(['store_refused']);
  expect(await nicks(server)).toEqual(['Ann', 'old', 'Cid']);
  await feed.rows([2n, '五個字符呢']);
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann', '五個字符呢', 'Cid']);
});

test.each(['VARCHAR(5)', 'TINYTEXT'])(
  'case 33: spaces at the end that do not fit into %s are not cut either',
  async (definition) => {
    await using server = await openWith(definition, 'VARCHAR(300)');
    const room = definition === 'TINYTEXT' ? 255 : 5;
    const feed = createFeed(server);
    await feed.rows([1n, 'x'.padEnd(room)], [2n, 'x'.padEnd(room + 1)]);
    expect(kindsOf((await drain(server)).postponed)).toEqual(['store_refused']);
    expect(await nicks(server)).toEqual(['x'.padEnd(room), 'old', 'old']);
  },
);

test('case 33: a number too large for its target is parked, not cut, on a server that is not strict', async () => {
  await using server = await openLax('INT', 'BIGINT');
  const feed = createFeed(server);
  await feed.rows([1n, 2n ** 31n - 1n], [2n, 2n ** 31n]);
  expect(kindsOf((await drain(server)).postponed)).toEqual(['store_refused']);
  expect((await nicks(server)).map(Number)).toEqual([2 ** 31 - 1, 0, 0]);
});

test.each<[string, string, Value, string]>([
  ['VARCHAR(64)', 'BIGINT', 2n ** 53n + 1n, '9007199254740993'],
  ['TEXT', 'DECIMAL(10,4)', '1.5000', '1.5000'],
  ['DECIMAL(20,2)', 'BIGINT', -7n, '-7.00'],
  ['DECIMAL(12,6)', 'DECIMAL(10,4)', '0.0001', '0.000100'],
])('%s takes values of %s, and a second pass writes nothing', async (definition, sourceDefinition, value, copied) => {
  await using server = await openWith(definition, sourceDefinition);
  const feed = createFeed(server);
  await feed.rows([1n, value]);
  await drain(server);
  expect((await nicks(server))[0]).toBe(copied);
  await feed.source.pending.mark(server.store.database, [1n]);
  expect((await drain(server)).written).toBe(0);
});

test('case 66: a number that onDelete says is compared as a number, beyond 2^53 too', async () => {
  await using server = await openWith('DECIMAL(20,1)', 'BIGINT', `onDelete: { set: { nick: "${2n ** 53n + 1n}" } }, `);
  const feed = createFeed(server);
  await feed.rows([1n, 2n ** 53n], [2n, 7n]);
  await drain(server);
  await feed.deletes(1n);
  await feed.source.pending.mark(server.store.database, [1n]);
  await drain(server);
  expect(await nicks(server)).toEqual([`${2n ** 53n + 1n}.0`, '7.0', '0.0']);
  // Those of the two others have no source row either, and do not hold it.
  const { orphaned } = await compareCopies(server.configuration, server.user, server.friend);
  expect([...(orphaned.get('account') ?? [])]).toEqual([2n, 3n]);
});

test('case 66: a date that onDelete says is compared as a date, and 0000-00-00 is not NULL', async () => {
  await using server = await openWith('DATETIME(3)', 'DATETIME(3)', 'onDelete: { set: { nick: "2000-01-01" } }, ');
  const feed = createFeed(server);
  await feed.rows([1n, '2026-11-28 10:00:00.5'], [2n, '0000-00-00 00:00:00'], [3n, null]);
  await drain(server);
  expect(await nicks(server)).toEqual(['2026-11-28 10:00:00.500', '0000-00-00 00:00:00.000', null]);
  await feed.deletes(1n, 2n);
  for (const written of [2, 0]) {
    await feed.source.pending.mark(server.store.database, [1n, 2n]);
    expect((await drain(server)).written).toBe(written);
  }
  expect(await nicks(server)).toEqual(['2000-01-01 00:00:00.000', '2000-01-01 00:00:00.000', null]);
  const { orphaned } = await compareCopies(server.configuration, server.user, server.friend);
  expect([...(orphaned.get('account') ?? [])]).toEqual([3n]);
});

test('case 66: a target column that MySQL gives the time of each write is refused, and named', async () => {
  await using server = await openWith('DATETIME ON UPDATE CURRENT_TIMESTAMP', 'DATETIME');
  expect(problemOf(server.store)).toMatch(/friend\.nick: ON UPDATE gives it the time of each write/);
});

test('case 33: a target that would round decimals is refused, and named', async () => {
  await using server = await openWith('DECIMAL(10,2)', 'DECIMAL(10,4)');
  expect(problemOf(server.store)).toMatch(/friend\.nick: decimal\(10,2\)/);
});

test('case 32: NULL for a target that is NOT NULL is parked, not made empty, on a server that is not strict; a later value applies', async () => {
  await using server = await openLax('VARCHAR(64) NOT NULL');
  const feed = createFeed(server);
  await feed.rows([1n, ''], [2n, null], [3n, 'Cid']);
  expect(kindsOf((await drain(server)).postponed)).toEqual(['store_refused']);
  expect(await nicks(server)).toEqual(['', 'old', 'Cid']);
  await feed.rows([2n, 'Bea']);
  await drain(server);
  expect(await nicks(server)).toEqual(['', 'Bea', 'Cid']);
});

test.each(['utf8mb3', 'latin1'])('case 34: a target column in %s is refused, and named', async (charset) => {
  await using server = await openWith(`VARCHAR(64) CHARACTER SET ${charset}`);
  expect(problemOf(server.store)).toMatch(
    `friend.nick: character set ${charset} cannot hold every value; convert it to utf8mb4`,
  );
});

test.each(['utf8mb3', 'latin1'])(
  'case 34: a target that is turned into %s while the daemon runs gets no question mark',
  async (charset) => {
    await using server = await openLax('VARCHAR(64)');
    const { friend, friendDb } = server;
    const feed = createFeed(server);
    const turnInto = (name: string) =>
      friend.write('turning', `ALTER TABLE ${friendDb}.friend MODIFY nick VARCHAR(64) CHARACTER SET ${name}`);
    await turnInto(charset);
    await feed.rows([1n, 'Ann'], [2n, '🍣'], [3n, 'Cid']);
    expect(kindsOf((await drain(server)).postponed)).toEqual(['store_refused']);
    expect(await nicks(server)).toEqual(['Ann', 'old', 'Cid']);

    await turnInto('utf8mb4');
    await feed.source.pending.mark(server.store.database, [2n]);
    await drain(server);
    expect(await nicks(server)).toEqual(['Ann', '🍣', 'Cid']);
  },
);

test('case 34: a daemon that starts writes nothing to a target that became narrower', async () => {
  await using server = await openWith('VARCHAR(64)');
  const { friend, friendDb, configuration, store } = server;
  await friend.write('narrowing', `ALTER TABLE ${friendDb}.friend CONVERT TO CHARACTER SET latin1`);
  expect(problemOf(await openStore(configuration, store.database))).toMatch('latin1');
});
