import { expect, test } from 'vitest';
import type { CopySweep } from '../../sync-service/src/infrastructure/mysql/copies/copy-sweep.ts';
import { drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { SOURCES, TABLES } from '../support/tables.ts';

/** Values at the edges of each type that a primary key may have, as SQL. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  TINYINT: ['-128', '0', '127'],
  'BIGINT UNSIGNED': ['0', '9007199254740993', '18446744073709551615'],
  'DECIMAL(30,10)': ['-1.5', '0', '12345678901234567890.0123456789'],
  FLOAT: ['-3.4e38', '0.1', '16777213', '16777215'],
  DOUBLE: ['-1.7e308', '0.1', '0.30000000000000004', '1.7e308'],
  'BIT(64)': ["b'0'", "b'11001000'", '18446744073709551615'],
  'VARCHAR(40) COLLATE utf8mb4_0900_ai_ci': ["''", "'a b'", "'ß'", "'🍣'"],
  'VARCHAR(40) CHARACTER SET gbk': ["'a'", "'中'", "'阿'"],
  'VARCHAR(40) CHARACTER SET euckr': ["'a'", "_euckr x'C9A1'", "_euckr x'C9A2'"],
  'VARCHAR(40) CHARACTER SET cp932': ["'a'", "_cp932 x'ED40'", "_cp932 x'FA5C'"],
  'CHAR(8) CHARACTER SET latin1': ["''", "'a\\''", "'é'"],
  'BINARY(2)': ["X'0000'", "X'00FF'", "X'FFFF'"],
  'VARBINARY(40)': ["''", "X'00'", "X'FF'"],
  DATE: ["'0001-01-01'", "'2026-02-28'", "'9999-12-31'"],
  'DATETIME(6)': ["'0001-01-01'", "'2026-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"],
  DATETIME: ["'0000-00-00'", "'2026-00-00'", "'2026-01-01'"],
  'TIMESTAMP(6)': ["'1970-01-02'", "'2026-01-01 00:00:00.000001'"],
  'TIME(3)': ["'-838:59:59'", "'00:00:00.001'", "'838:59:59'"],
  YEAR: ["'1901'", "'2000'", "'2155'"],
  "ENUM('z','a','m')": ["'z'", "'a'", "'m'"],
  "SET('z','a','m')": ["''", "'z,a'", "'m'"],
};
const ROWS_OF_EACH = 5;
const CHUNK = 3;

/** A target for each type, whose primary key is such a column, or begins with it; all rows are copies of key 1. */
const TARGETS = Object.entries(TYPES).flatMap(([type, values]) =>
  ['e', 'e, n'].map((primaryKey, i) => {
    const of = i === 0 ? 1 : ROWS_OF_EACH;
    const rows = values.flatMap((value) => Array.from({ length: of }, (_, n) => `(${value}, ${n}, 1)`));
    return { what: `${type}, PRIMARY KEY (${primaryKey})`, type, primaryKey, rows };
  }),
);
const tableOf = (n: number) => `target${n}`;

async function isWalked(sweep: CopySweep, { store }: FriendServer, rows: number): Promise<boolean> {
  let after: string[] | undefined = [];
  for (let chunks = 0; after && chunks < rows; chunks++) after = await sweep.chunkEnd(store.database, after, CHUNK);
  return after === undefined;
}

test('case 95: copies are walked to their end, chunk by chunk, whatever type their primary key begins with', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: TARGETS.map(
      ({ type, primaryKey }, n) =>
        `CREATE TABLE ${tableOf(n)} (e ${type}, n INT, friend_id BIGINT NOT NULL, nick VARCHAR(64), PRIMARY KEY (${primaryKey}), KEY (friend_id))`,
    ),
    sources: `
  - name: account
    table: USER.account
    key: id
    copies:
${TARGETS.map((_, n) => `      - { table: ${tableOf(n)}, key: friend_id, set: { nick: nick } }`).join('\n')}`,
  });
  const { friend, friendDb } = server;
  for (const [n, { rows }] of TARGETS.entries())
    await friend.write(
      'copies',
      `SET SESSION sql_mode = ''; INSERT INTO ${friendDb}.${tableOf(n)} (e, n, friend_id) VALUES ${rows.join()}`,
    );
  const feed = createFeed(server);
  const endless: string[] = [];
  for (const [n, { what, rows }] of TARGETS.entries()) {
    const sweep = feed.source.mapped[n]?.fit?.sweep;
    if (!sweep || !(await isWalked(sweep, server, rows.length))) endless.push(what);
  }
  expect(endless).toEqual([]);

  await feed.rows([1n, 'Ann']);
  const { written } = await drain(server, { chunkRows: CHUNK, leaseMs: 15_000 });
  expect(written).toBe(TARGETS.reduce((sum, { rows }) => sum + rows.length, 0));
});

test.each([
  ['VARBINARY(3072)', "CONCAT(?, REPEAT('x', 3071))"],
  ['VARCHAR(768)', 'CONCAT(?, REPEAT(CHAR(1), 767))'],
])('case 95: the longest primary key, a %s, is a place to go on from: %s', async (type, value) => {
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [
      `CREATE TABLE friend (e ${type} PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64), KEY (friend_id))`,
    ],
    sources: SOURCES.account,
  });
  const { friend, friendDb, store } = server;
  for (const n of '12345')
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (e, friend_id) VALUES (${value}, 1)`, [n]);
  const feed = createFeed(server);
  await feed.rows([1n, 'Ann']);
  expect(await drain(server, { chunkRows: 2, leaseMs: 15_000 })).toMatchObject({ written: 5, postponed: [] });

  const { round, mapped } = feed.source;
  await round.adopt(store.database);
  const { token = 0n } = (await round.take(store.database, 30)) ?? {};
  const after = await mapped[0]?.fit?.sweep.chunkEnd(store.database, [], 4);
  const place = { leg: 'copy friend.friend_id', after: after ?? [] };
  expect(await round.goOn(store.database, token, 0, place, { rowCount: 0, correctedKeys: 0 })).toBeDefined();
  expect(await round.take(store.database, 30)).toMatchObject({ place });
});
