import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { SyncError } from '../../errors.ts';
import { createLogger } from '../../log.ts';
import { Health } from './health.ts';
import { watchTables } from './table-watch.ts';

const SOON = { timeout: 30_000, interval: 50 };

const source = (name: string) => `
  - name: ${name}
    table: USER.${name}
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick } }]`;

async function openWatch() {
  const server = await openFriendServer({
    userTables: [
      'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), bio TEXT)',
      'CREATE TABLE team (id BIGINT PRIMARY KEY, nick VARCHAR(64))',
    ],
    friendTables: TABLES.friendTables,
    sources: `${source('account')}${source('team').replaceAll('nick: nick', 'remark: nick')}`,
  });
  const { configuration, user, friend, userDb } = server;
  const changes: [string, readonly string[]][] = [];
  const failures: Error[] = [];
  const health = new Health();
  const watch = await watchTables({
    source: user,
    target: friend,
    stateDatabase: configuration.settings.target.stateDatabase,
    mappings: configuration.mapping.sources,
    picture: async () => undefined,
    sent: async () => 'not all',
    events: {
      async onChange(name, columns) {
        changes.push([name, columns]);
        const failure = failures.pop();
        if (failure) throw failure;
      },
      onPicture() {},
    },
    health,
    log: createLogger('fatal'),
  });
  return {
    changes,
    failures,
    health,
    watch,
    alter: (sql: string) => user.write('a change', sql.replaceAll('DB', userDb)),
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('case 92: a source whose only mapped column is renamed is held alone, and goes on when it is named back', async () => {
  await using opened = await openWatch();
  const { watch, health, alter } = opened;
  watch.check('account');
  await alter('ALTER TABLE DB.account RENAME COLUMN nick TO name');
  await expect.poll(() => health.troubles, SOON).toMatchObject([{ part: 'table of account', kind: 'contract_broken' }]);
  expect(() => watch.check('account')).toThrow(/account\.nick: no such column/);
  watch.check('team');
  await alter('ALTER TABLE DB.account RENAME COLUMN name TO nick');
  await expect.poll(() => health.troubles, SOON).toEqual([]);
  watch.check('account');
});

test('a change of the table is told once, with its columns; a table that takes its place, too', async () => {
  await using opened = await openWatch();
  const { changes, alter } = opened;
  await alter("ALTER TABLE DB.account ADD COLUMN seen INT, ALTER COLUMN nick SET DEFAULT ''");
  await expect.poll(() => changes, SOON).toEqual([['account', ['nick', 'seen']]]);
  // The server remembers the second at which a table was made.
  await alter('SET timestamp = UNIX_TIMESTAMP() + 10; CREATE TABLE DB.beside LIKE DB.account; SET timestamp = DEFAULT');
  await alter('RENAME TABLE DB.account TO DB.gone, DB.beside TO DB.account');
  await expect
    .poll(() => changes, SOON)
    .toEqual([
      ['account', ['nick', 'seen']],
      ['account', []],
    ]);
});

test('case 85: a change of the table that could not be stored is told again', async () => {
  await using opened = await openWatch();
  const { changes, failures, alter } = opened;
  failures.push(new SyncError('store_unavailable', 'away'));
  await alter('ALTER TABLE DB.account ADD COLUMN seen INT');
  await expect
    .poll(() => changes, SOON)
    .toEqual([
      ['account', ['seen']],
      ['account', ['seen']],
    ]);
});
