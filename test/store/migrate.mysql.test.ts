import { openStore } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { executeMigration, planMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { openReads, outcomes } from '../support/reads.ts';
import { TABLES } from '../support/tables.ts';

test('a second migration has nothing to do, and a widened source column widens the mirror', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, user, store, userDb } = server;
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });

  await user.write('widening', `ALTER TABLE ${userDb}.account MODIFY nick VARCHAR(200)`);
  const plan = await planMigration(configuration, user, store.database);
  expect(plan.mirrors).toEqual([expect.stringMatching(/MODIFY COLUMN `v_nick` varchar\(200\)/)]);
  await executeMigration(configuration, user, store.database);
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });
});

test.each([
  ['narrowed', 'VARCHAR(64)', 'VARCHAR(20)', 'x'.repeat(40), false],
  ['made a number', 'VARCHAR(64)', 'BIGINT', 'many', true],
  ['made unsigned', 'BIGINT', 'BIGINT UNSIGNED', -1n, true],
  ['given fewer digits', 'DECIMAL(10,2)', 'DECIMAL(4,2)', '12345.00', true],
  ['given fewer fractions of seconds', 'DATETIME(6)', 'DATETIME(3)', '2026-11-28 00:00:00.123456', true],
  ['padded otherwise', 'BINARY(8)', 'BINARY(4)', Buffer.from('12345678'), true],
])('case 36: a source column is %s, and what a deleted row has held keeps nobody from migrating', async (...row) => {
  const [, before, after, value, isReadAgain] = row;
  const column = (type: string) => ({
    ...TABLES,
    userTables: [`CREATE TABLE account (id BIGINT PRIMARY KEY, nick ${type}, avatar VARCHAR(255))`],
    friendTables: TABLES.friendTables.map((ddl) => ddl.replace('nick VARCHAR(64)', `nick ${type}`)),
  });
  await using server = await openFriendServer(column(before));
  const { configuration, user, store, userDb } = server;
  const feed = createFeed(server);
  await feed.rows([1n, 'a1', value], [2n, 'a2', null]);
  await feed.deletes(1n);
  await user.write('altering', `ALTER TABLE ${userDb}.account MODIFY nick ${after}`);
  await executeMigration(configuration, user, store.database);
  expect((await planMigration(configuration, user, store.database)).mirrors).toEqual([]);
  const { mirror } = (await openStore(configuration, store.database)).sources.get('account') ?? {};
  const known = await mirror?.read(store.database, [2n]);
  expect(known?.get(2n)?.values).toEqual(['a2', isReadAgain ? undefined : null]);
});

test('a column that is mapped later is unknown in old rows, not NULL', async () => {
  await using server = await openFriendServer(TABLES);
  const state = server.configuration.settings.target.stateDatabase;
  await server.friend.write(
    'as before',
    `ALTER TABLE ${state}.mirror_account DROP COLUMN v_avatar, DROP COLUMN u_avatar`,
  );
  await server.friend.write(
    'old row',
    `INSERT INTO ${state}.mirror_account (k, v_nick, u_nick, fs_epoch, fs_partition, fs_offset) VALUES (1, 'Ann', FALSE, 1, 0, 5)`,
  );
  await executeMigration(server.configuration, server.user, server.store.database);
  expect(await column(server, `SELECT u_avatar FROM ${state}.mirror_account`)).toEqual([1]);
});

test('columns that cannot be mirrored are all named, with what can', async () => {
  const opening = openFriendServer({
    ...TABLES,
    userTables: ['CREATE TABLE account (id DOUBLE PRIMARY KEY, nick JSON, avatar TIME)'],
  });
  await expect(opening).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringMatching(
      /\.id: a double cannot be a key.*\n.*\.avatar: time cannot be mapped.* DATE, DATETIME can.*\n.*\.nick: json cannot be mapped/,
    ),
  });
});

test('case 50: targets that do not fit are all named, with the remedy, before anything is written', async () => {
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [
      'CREATE TABLE friend (friend_id BIGINT, nick CHAR(64), avatar VARCHAR(255)) ENGINE = MyISAM',
      'CREATE TABLE member (team_id INT PRIMARY KEY, user_id VARCHAR(40), KEY (user_id))',
    ],
  });
  const { configuration, user, store } = server;
  const message = (await planMigration(configuration, user, store.database)).problems.join('\n');
  expect(message).toMatch(/no index begins with it; ALTER TABLE/);
  expect(message).toMatch(/engine MyISAM has no transactions/);
  expect(message).toMatch(/has no primary key/);
  expect(message).toMatch(/CHAR drops trailing spaces/);
  expect(message).toMatch(/member\.nick: no such column/);
  expect(message).toMatch(/varchar\(40\) cannot hold the source's integer key/);
});

test('case 78: two migrations at once, of which each would do the same, both succeed', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, user, friend, store } = server;
  const mirror = `${configuration.settings.target.stateDatabase}.mirror_account`;
  await friend.write('as before', `ALTER TABLE ${mirror} DROP COLUMN v_avatar, DROP COLUMN u_avatar`);
  await Promise.all([1, 2].map(() => executeMigration(configuration, user, store.database)));
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });
});

test('case 78: a migration that waits for another one in vain says so, and has done nothing', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, user, friend, store } = server;
  const { stateDatabase } = configuration.settings.target;
  await friend.write(
    'as before',
    `ALTER TABLE ${stateDatabase}.mirror_account DROP COLUMN v_avatar, DROP COLUMN u_avatar`,
  );
  await friend.transaction('another one', async (tx) => {
    await tx.rows('locking', 'SELECT GET_LOCK(?, 0)', [`friend-sync migrate ${stateDatabase}`]);
    await expect(executeMigration(configuration, user, store.database, 0)).rejects.toMatchObject({
      kind: 'store_contended',
      message: expect.stringContaining('another friend-sync migrate'),
    });
    await tx.rows('unlocking', 'SELECT RELEASE_ALL_LOCKS()');
  });
  expect((await planMigration(configuration, user, store.database)).mirrors).not.toEqual([]);
});

/** A daemon's server and stream, without the avatar; key 1 is Ann. */
async function openOld(isFanOutIdle = false) {
  const server = await openFriendServer({
    ...TABLES,
    sources: TABLES.sources.replace('nick: nick, avatar: avatar', 'nick: nick'),
  });
  const old = createFeed(server, isFanOutIdle);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await old.rows([1n, 'Ann']);
  await drain(server);
  return { server, old };
}

/** What another daemon does that was started after `migrate` had added the avatar: key 1 has a1. */
async function addAvatar({ configuration, user, store: { database } }: FriendServer): Promise<void> {
  const sources = configuration.mapping.sources.map((mapping) => ({ ...mapping, columns: ['avatar', 'nick'] }));
  const extended = { ...configuration, mapping: { sources } };
  await executeMigration(extended, user, database);
  const { mirror } = (await openStore(extended, database)).sources.get('account') ?? {};
  const row = { key: 1n, values: ['a1', 'Ann'], position: { epoch: 1, partition: 0, offset: 0n }, isDeleted: false };
  await database.transaction('filling', async (tx) => {
    await mirror?.write(tx, [{ ...row, committedAtMs: 1, readNumber: 0n, knownUntil: -1n }]);
  });
}

const mirrored = (server: FriendServer) =>
  column(
    server,
    `SELECT CONCAT(v_nick, v_avatar, u_avatar) FROM ${server.configuration.settings.target.stateDatabase}.mirror_account`,
  );
const OUTDATED = { kind: 'daemon_outdated', message: expect.stringMatching('source account: .*restart this daemon') };

test.each([
  ['in a batch', false],
  ['through to the copies', true],
])(
  'case 64: a daemon from before a column was added stores no change %s, and says that it must be restarted',
  async (_how, isFanOutIdle) => {
    const { server, old } = await openOld(isFanOutIdle);
    await using _ = server;
    await addAvatar(server);
    // Its avatar has changed with it, of which the old daemon does not know.
    await expect(old.rows([1n, 'Ann B.'])).rejects.toMatchObject(OUTDATED);
    expect(await mirrored(server)).toEqual(['Anna10']);
    expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['Ann']);
    expect((await server.store.consumed.read(server.store.database, old.topic, 0))?.nextOffset).toBe(1n);
  },
);

test('case 64: nor does it store what it reads, nor what it had read before', async () => {
  const { server, old } = await openOld();
  await using reads = await openReads(server, old);
  await server.user.write('unheard', `INSERT INTO ${server.userDb}.account VALUES (1, 'Ann B.', 'a2')`);
  const { suspects } = await reads.look(1n);
  await addAvatar(server);
  expect(outcomes(await reads.settler.settle(suspects))).toEqual([[1n, 'given up']]);
  expect(await mirrored(server)).toEqual(['Anna10']);
  await expect(reads.read(1n)).rejects.toMatchObject(OUTDATED);
});

test('case 64: a column that was only widened needs no restart', async () => {
  await using server = await openFriendServer(TABLES);
  await server.user.write('widening', `ALTER TABLE ${server.userDb}.account MODIFY nick VARCHAR(200)`);
  await executeMigration(server.configuration, server.user, server.store.database);
  expect(await createFeed(server).rows([1n, null, 'x'.repeat(200)])).toMatchObject({ kind: 'stored' });
});
