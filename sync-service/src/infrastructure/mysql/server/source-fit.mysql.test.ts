import { type Configuration, renderGrants } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { type FriendServer, openFriendServer } from '../../../../../test/support/friend-server.ts';
import { readMirrorColumns } from '../state/mirror-table.ts';
import { openDatabase } from './database.ts';
import { sourceProblems } from './source-fit.ts';
import { readTableShape } from './table-shape.ts';

async function openSource(): Promise<FriendServer & { problems(after: string): Promise<string> }> {
  const server = await openFriendServer({
    userTables: [
      `CREATE TABLE account (secret VARCHAR(40) NOT NULL DEFAULT '', id BIGINT, nick VARCHAR(60), stars DECIMAL(6,2), face VARBINARY(40),
         PRIMARY KEY (id)) DEFAULT CHARSET=gbk`,
    ],
    friendTables: [
      `CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(60), stars DECIMAL(6,2), face VARBINARY(40),
         KEY (friend_id))`,
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick, stars: stars, face: face } }]`,
  });
  const mapping = mappingOf(server.configuration);
  const mirror = await readMirrorColumns(server.friend, server.configuration.settings.target.stateDatabase, 'account');
  return {
    ...server,
    async problems(after) {
      for (const sql of after.split('; ')) await server.user.write('a change', sql.replaceAll('DB', server.userDb));
      return sourceProblems(mapping, await readTableShape(server.user, mapping.table), mirror).join('\n');
    },
  };
}

function mappingOf({ mapping }: Configuration) {
  const [source] = mapping.sources;
  if (!source) throw new Error('the mapping has no source');
  return source;
}

test.each([
  ['ALTER TABLE DB.account RENAME COLUMN nick TO name', /account\.nick: no such column/],
  ['ALTER TABLE DB.account DROP COLUMN stars', /account\.stars: no such column/],
  ['ALTER TABLE DB.account CHANGE nick NICK VARCHAR(60)', /account\.nick: no such column/],
  ['ALTER TABLE DB.account MODIFY nick JSON', /account\.nick: json cannot be mapped/],
  ['ALTER TABLE DB.account MODIFY nick INT', /account\.nick: is int now/],
  ['ALTER TABLE DB.account MODIFY nick VARBINARY(90)', /account\.nick: is varbinary\(90\) now/],
  ['ALTER TABLE DB.account MODIFY stars DECIMAL(6,3)', /account\.stars: is decimal\(6,3\) now/],
  ['ALTER TABLE DB.account MODIFY id BIGINT UNSIGNED', /account\.id: is bigint unsigned now/],
  ['ALTER TABLE DB.account MODIFY id VARCHAR(40)', /account\.id: is varchar\(40\) now/],
  ['ALTER TABLE DB.account MODIFY id DOUBLE', /account\.id: a double cannot be a key/],
  ['ALTER TABLE DB.account DROP PRIMARY KEY', /account\.id: must be the primary key, which is \(\)/],
  ['ALTER TABLE DB.account DROP PRIMARY KEY, ADD PRIMARY KEY (id, secret)', /which is \(secret, id\)/],
  ['RENAME TABLE DB.account TO DB.old', /account: no such table/],
  ['RENAME TABLE DB.account TO DB.old; CREATE VIEW DB.account AS SELECT * FROM DB.old', /account: is a view/],
])('case 92: a source that no longer fits is told by name: %s', async (alter, told) => {
  await using server = await openSource();
  expect(await server.problems('DO 0')).toBe('');
  expect(await server.problems(alter)).toMatch(told);
});

test.each([
  'ALTER TABLE DB.account MODIFY nick LONGTEXT FIRST',
  'ALTER TABLE DB.account MODIFY nick VARCHAR(10) CHARACTER SET utf8mb4',
  "ALTER TABLE DB.account MODIFY nick ENUM('a','b')",
  'ALTER TABLE DB.account MODIFY stars DECIMAL(9,1)',
  'ALTER TABLE DB.account MODIFY id INT, MODIFY face BLOB, DROP COLUMN secret, ADD COLUMN more INT FIRST',
])('a source that still fits goes on: %s', async (alter) => {
  await using server = await openSource();
  expect(await server.problems(alter)).toBe('');
});

test('the printed grants show the whole table, and a right that was revoked is named', async () => {
  await using server = await openSource();
  const { user, configuration } = server;
  const mapping = mappingOf(configuration);
  const account = `u${server.userDb}`.slice(0, 20);
  const grants = renderGrants({
    ...configuration,
    settings: { ...configuration.settings, source: { ...configuration.settings.source, user: account } },
  });
  await user.write('an account', `CREATE USER '${account}'@'%'`);
  for (const { server: at, sql } of grants) if (at === 'source') await user.write('granting', sql);
  await using asGranted = openDatabase({ ...configuration.settings.source, user: account }, { connections: 1 });

  const shape = await readTableShape(asGranted, mapping.table);
  expect(
    shape?.columns.map(({ name, columnType, charset, isPrimary, isReadable }) => [
      name,
      columnType,
      charset,
      isPrimary,
      isReadable,
    ]),
  ).toEqual([
    ['secret', 'varchar(40)', 'gbk', false, false],
    ['id', 'bigint', null, true, true],
    ['nick', 'varchar(60)', 'gbk', false, true],
    ['stars', 'decimal(6,2)', null, false, true],
    ['face', 'varbinary(40)', null, false, true],
  ]);
  const { settings } = configuration;
  const mirror = await readMirrorColumns(server.friend, settings.target.stateDatabase, 'account');
  expect(sourceProblems(mapping, shape, mirror)).toEqual([]);
  await user.write('revoking', `REVOKE SELECT (nick) ON ${server.userDb}.account FROM '${account}'@'%'`);
  expect(sourceProblems(mapping, await readTableShape(asGranted, mapping.table), mirror)).toEqual([
    `${server.userDb}.account.nick: no SELECT on it; see friend-sync grants`,
  ]);
  await user.write('the account', `DROP USER '${account}'@'%'`);
});
