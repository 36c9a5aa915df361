import { executeMigration, planMigration } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column } from '../support/drain.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

test('a second migration has nothing to do, and a widened source column widens the mirror', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, user, store, userDb } = server;
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });

  await user.write('widening', `ALTER TABLE ${userDb}.account MODIFY nick VARCHAR(200)`);
  const plan = await planMigration(configuration, user, store.database);
  expect(plan.mirrors).toEqual([expect.stringMatching(/MODIFY COLUMN `v_nick` varchar\(200\)/)]);
  await executeMigration(configuration, plan);
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });
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
  await executeMigration(
    server.configuration,
    await planMigration(server.configuration, server.user, server.store.database),
  );
  expect(await column(server, `SELECT u_avatar FROM ${state}.mirror_account`)).toEqual([1]);
});

test('columns that cannot be mirrored are all named, with what can', async () => {
  const opening = openFriendServer({
    ...TABLES,
    userTables: ['CREATE TABLE account (id DOUBLE PRIMARY KEY, nick JSON, avatar DATE)'],
  });
  await expect(opening).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringMatching(
      /\.id: a double cannot be a key.*\n.*\.avatar: date cannot be mapped.*\n.*\.nick: json cannot be mapped/,
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
