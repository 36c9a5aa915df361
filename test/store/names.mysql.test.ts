import { loadConfiguration } from '@friend-sync/connectors';
import { openStore, openTarget } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { planMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { findHeld } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openServers } from '../support/own-servers.ts';
import { openReads } from '../support/reads.ts';
import { SOURCES, TABLES, TWO_SOURCES } from '../support/tables.ts';

const LONGEST = 60;
const COLUMNS = 100;
const MAY_BE_MAPPED = /[^`.\p{Cc}\p{Cs}]/u;

/** Of these names, one in so many; the whole of ASCII and Latin all the same. They all passed when this was written. */
const ONE_IN = 16;

/** Names that together have every character which MySQL allows in one, but for those that the configuration refuses. */
function everyName(): string[] {
  const characters = Array.from({ length: 0xffff }, (_, code) => String.fromCharCode(code + 1));
  const names: string[] = [];
  const allowed = characters.filter((character) => MAY_BE_MAPPED.test(character));
  for (let from = 0; from < allowed.length; from += LONGEST)
    names.push(`${allowed.slice(from, from + LONGEST).join('')}x`);
  return names.filter((_, i) => i < 10 || i % ONE_IN === 0);
}

test('case 93: the characters that MySQL allows in a name may be in that of a column, a key or a foreign key', async () => {
  const names = everyName();
  for (let from = 0; from < names.length; from += COLUMNS) {
    const columns = names.slice(from, from + COLUMNS);
    const [first = '', key = ''] = columns;
    // Its file's name has five for each of them.
    const table = `${first.slice(20, 60)}x`;
    const definitions = columns.slice(2).map((name) => `\`${name}\` VARCHAR(10)`);
    const server = await openFriendServer({
      userTables: [`CREATE TABLE \`${table}\` (\`${key}\` BIGINT PRIMARY KEY, ${definitions.join(', ')})`],
      friendTables: [
        `CREATE TABLE \`${table}\` (\`${first}\` BIGINT PRIMARY KEY, \`${key}\` BIGINT, ${definitions.join(', ')}, KEY (\`${key}\`))`,
      ],
      sources: ` ${JSON.stringify([
        {
          name: 'account',
          table: `USER.${table}`,
          key,
          copies: [{ table, key, set: Object.fromEntries(columns.slice(2).map((name) => [name, name])) }],
        },
      ])}`,
    });
    const { user, userDb, friend, friendDb, configuration } = server;
    const values = columns.slice(2).map((_, i) => `v${i}`);
    await user.write('a row', `INSERT INTO ${userDb}.\`${table}\` VALUES (1, ?)`, [values]);
    await friend.write('a copy', `INSERT INTO ${friendDb}.\`${table}\` (\`${first}\`, \`${key}\`) VALUES (7, 1)`);
    await using reads = await openReads(server, createFeed(server));
    await reads.round();
    await drain(server);
    expect(await compareCopies(configuration, user, friend)).toMatchObject({ copies: 1, mismatches: 0, orphans: 0 });
  }
});

test('case 93: a table that the server spells otherwise is refused, with its spelling, as a source and as a target', async () => {
  await using servers = await openServers(['user-mysql', 'friend-mysql'], { lowerCaseTableNames: true });
  await using server = await openFriendServer({ ...TWO_SOURCES, ...servers });
  const { user, userDb, friendDb, configuration, store } = server;
  const spelled = (from: string, to: string) => {
    const text = (SOURCES.account + SOURCES.team).replaceAll('USER', userDb).replace(from, to);
    const changed = loadConfiguration({
      text: `sources:\n${text}`,
      file: 'f.yaml',
      env: {},
      overrides: { target: { database: friendDb } },
    });
    return { ...configuration, mapping: changed.mapping };
  };
  const target = spelled('table: friend,', `table: ${friendDb}.Friend,`);
  await expect(planMigration(spelled('.account', '.Account'), user, store.database)).rejects.toMatchObject({
    kind: 'contract_broken',
    message: `${userDb}.Account: the server spells it ${userDb}.account; write it so in the mapping`,
  });
  await using database = openTarget(target);
  expect(await findHeld(await openStore(target, database))).toMatchObject([
    { problem: `${friendDb}.Friend: the server spells it ${friendDb}.friend; write it so in the mapping` },
  ]);
});

test.each([
  ['id BIGINT PRIMARY KEY, code BIGINT NOT NULL UNIQUE', 'which is (id); map id as the key'],
  ['id BIGINT, code BIGINT, PRIMARY KEY (id, code)', 'which is (id, code); only a table with a primary key of one'],
])('case 67: a key that is not the primary key is refused by migrate: %s', async (columns, told) => {
  const opening = openFriendServer({
    ...TABLES,
    userTables: [`CREATE TABLE account (${columns}, nick VARCHAR(64), avatar VARCHAR(255))`],
    sources: TABLES.sources.replace('key: id', 'key: code'),
  });
  await expect(opening).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringContaining(`account.code: must be the primary key, ${told}`),
  });
});
