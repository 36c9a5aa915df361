import {
  type Database,
  type Key,
  keysWhere,
  openSourceDatabase,
  openStore,
  openTarget,
  SyncError,
} from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { requestReads } from '../../sync-service/src/application/operate/requests.ts';
import { column } from '../support/drain.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { dropUsers, withGrants } from '../support/granted-users.ts';
import { TABLES } from '../support/tables.ts';

const ROWS = 12_000;

/** Rows 1 to `ROWS` with a column that is not mapped, read and asked for with no more rights than are printed. */
async function openRows() {
  const server = await openFriendServer({
    ...TABLES,
    userTables: [
      'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), avatar VARCHAR(255), phone VARCHAR(20), KEY (nick))',
    ],
  });
  const { user, userDb } = server;
  await user.write(
    'rows',
    `INSERT INTO ${userDb}.account (id, nick) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
       SELECT /*+ SET_VAR(cte_max_recursion_depth = ${ROWS}) */ i, IF(i % 3000 = 0, 'who?', 'n') FROM n`,
  );
  const configuration = await withGrants(server);
  const source = openSourceDatabase(configuration);
  const store = await openStore(configuration, openTarget(configuration));
  const account = store.sources.get('account');
  if (!account) throw new Error('no source');
  const state = configuration.settings.target.stateDatabase;
  return {
    server,
    source,
    due: () => column(server, `SELECT k FROM ${state}.due_key ORDER BY k`),
    pages: (condition: string, from: Database = source) => keysWhere(from, account.schema, condition),
    ask: (condition: string, onAsked = (_: number) => {}) =>
      requestReads(store.database, account, keysWhere(source, account.schema, condition), { onAsked }),
    async [Symbol.asyncDispose]() {
      await Promise.all([source[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
      await dropUsers(server, configuration);
      await server[Symbol.asyncDispose]();
    },
  };
}

test('case 69: the rows that meet a condition are asked for, a page at a time, with the printed grants', async () => {
  await using rows = await openRows();
  expect(await rows.ask("nick = 'who?' -- as its owner is asked")).toBe(4);
  expect(await rows.due()).toEqual(['12000', '3000', '6000', '9000']);
  const asked: number[] = [];
  expect(await rows.ask('TRUE', (keys) => asked.push(keys))).toBe(ROWS);
  expect(asked).toEqual([5_000, 10_000, ROWS]);
  expect(await rows.due()).toHaveLength(ROWS);
});

test('case 69: a condition that is none, or names what is not there or not ours to read, is told, and nothing is asked for', async () => {
  await using rows = await openRows();
  for (const [condition, problem] of [
    ['nick =', /account: ER_PARSE_ERROR/],
    ['1) OR (1', /account: ER_PARSE_ERROR/],
    ['id = 1; SELECT 1', /account: ER_PARSE_ERROR/],
    ['TRUE) /* AND', /account: /],
    ['phon = 1', /for column 'phon' in table 'account'/],
    ['phone = 1', /denied to user .* for column 'phone' in table 'account'/],
    ['id IN (SELECT id FROM mysql.user)', /denied to user/],
    ['COUNT(*) > 1', /ER_INVALID_GROUP_FUNC_USE/],
  ] as const) {
    const fault = await rows.ask(condition).catch((error) => error);
    expect(fault, condition).toMatchObject({ kind: 'contract_broken', message: expect.stringMatching(problem) });
    expect(fault.policy.hint).toMatch(/^correct the condition: SQL by the columns id, nick, avatar,/);
  }
  expect(await rows.due()).toEqual([]);
});

test('case 69: where a page takes longer than a statement may, fewer rows are looked at at a time', async () => {
  await using rows = await openRows();
  const source: Database = {
    ...rows.source,
    async rows(...statement) {
      const found = await rows.source.rows(...statement);
      const cause = { code: 'ER_QUERY_TIMEOUT' };
      if (found.length > 1_500) throw new SyncError('user_database_unavailable', 'too long', { cause });
      return found;
    },
  };
  const keys: (readonly Key[])[] = [];
  for await (const page of rows.pages('TRUE', source)) keys.push(page);
  expect(new Set(keys.flat()).size).toBe(ROWS);
  expect(Math.max(...keys.map((page) => page.length))).toBe(1_250);
});
