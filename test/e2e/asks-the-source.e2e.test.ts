import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const ROWS = 300;
const SOON = { timeout: PATIENCE_MS, interval: 100 };

let pipeline: Pipeline;
let daemon: Daemon;

// A round every two seconds: what the stream does not say is looked for there.
beforeAll(async () => {
  pipeline = await openPipeline({
    userTables: [
      "CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64) DEFAULT '', avatar VARCHAR(255) DEFAULT 'none.png', vip BOOL DEFAULT 0, doc JSON)",
      'CREATE TABLE room (id BIGINT PRIMARY KEY, title VARCHAR(64))',
    ],
    friendTables: [
      'CREATE TABLE friend (id INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), avatar VARCHAR(255), vip TINYINT, KEY (friend_id))',
      'CREATE TABLE visit (id INT AUTO_INCREMENT PRIMARY KEY, room_id BIGINT, title VARCHAR(64), KEY (room_id))',
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick, avatar: avatar, vip: vip } }]
    onDelete: { set: { nick: gone } }
  - name: room
    table: USER.room
    key: id
    copies: [{ table: visit, key: room_id, set: { title: title } }]`,
    settings: { patrol: { intervalSeconds: 2 }, watch: { intervalSeconds: 1 } },
  });
  const { user, friend, userDb, friendDb } = pipeline;
  const ids = Array.from({ length: ROWS }, (_, i) => [i + 1]);
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map(([id]) => [id, `n${id}`])]);
  await user.write('rows', `INSERT INTO ${userDb}.room VALUES (1, 'a')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [ids]);
  await friend.write('copies', `INSERT INTO ${friendDb}.visit (room_id) VALUES (1)`);
  daemon = await pipeline.startDaemon();
  await pipeline.operations.backfill(pipeline.configuration.mapping.sources, SOON.timeout);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

/** Statements in one session of the user server. */
const run = (...statements: string[]) =>
  pipeline.user.transaction('statements', async (tx) => {
    for (const sql of ['COMMIT', ...statements]) await tx.rows('a statement', sql.replaceAll('DB', pipeline.userDb));
  });
const copy = async (id: number) => {
  const sql = `SELECT nick, avatar, vip FROM ${pipeline.friendDb}.friend WHERE friend_id = ?`;
  const [row] = await pipeline.friend.rows('a copy', sql, [id]);
  return row && [row.nick, row.avatar, row.vip];
};
const count = async (where: string) => {
  const [row] = await pipeline.friend.rows(
    'counting',
    `SELECT COUNT(*) AS n FROM ${pipeline.friendDb}.friend WHERE ${where}`,
  );
  return Number(row?.n);
};
const notes = async () => (await daemon.readiness()).troubles.map(({ kind }) => kind);

test('case 58: NULL in a column that has a default is NULL in the copy, and the default is the default', async () => {
  await run('UPDATE DB.account SET nick = NULL, avatar = NULL WHERE id = 1');
  await expect.poll(() => copy(1), SOON).toEqual([null, null, 0]);
  await run("UPDATE DB.account SET nick = '', avatar = DEFAULT WHERE id = 1");
  await expect.poll(() => copy(1), SOON).toEqual(['', 'none.png', 0]);
  await run('INSERT INTO DB.account (id, nick) VALUES (1001, NULL)');
  await pipeline.friend.write('a copy', `INSERT INTO ${pipeline.friendDb}.friend (friend_id) VALUES (1001)`);
  await expect.poll(() => copy(1001), SOON).toEqual([null, 'none.png', 0]);
});

test('case 87: a BOOL that holds 2 or -1 arrives as that', async () => {
  await run('ALTER TABLE DB.account MODIFY vip BOOL DEFAULT 0');
  for (const vip of [2, -1, 1, 0]) {
    await run(`UPDATE DB.account SET vip = ${vip} WHERE id = 2`);
    await expect.poll(() => copy(2), SOON).toEqual(['n2', 'none.png', vip]);
  }
});

test('case 86: what the stream does not carry is found by a round: no binary log, a statement, a rolled-back XA transaction', async () => {
  await run(
    'SET sql_log_bin = 0',
    "UPDATE DB.account SET nick = 'unlogged' WHERE id = 3",
    'COMMIT',
    'SET sql_log_bin = 1',
  );
  await expect.poll(() => copy(3), SOON).toEqual(['unlogged', 'none.png', 0]);
  await run(
    // No server logs a statement that READ COMMITTED ran.
    'SET SESSION transaction_isolation = "REPEATABLE-READ", SESSION binlog_format = STATEMENT',
    "UPDATE DB.account SET nick = 'statement' WHERE id = 4",
    'COMMIT',
    'SET SESSION transaction_isolation = "READ-COMMITTED", SESSION binlog_format = ROW',
  );
  await expect.poll(() => copy(4), SOON).toEqual(['statement', 'none.png', 0]);
  await run(
    'COMMIT',
    "XA START 'x'",
    "UPDATE DB.account SET nick = 'undone' WHERE id = 5",
    "XA END 'x'",
    "XA PREPARE 'x'",
    "XA ROLLBACK 'x'",
  );
  await expect.poll(() => copy(5), SOON).toEqual(['n5', 'none.png', 0]);
  await run("UPDATE DB.account SET nick = 'after' WHERE id = 6");
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await expect.poll(() => copy(5), SOON).toEqual(['n5', 'none.png', 0]);
});

test('case 86: fifty rows that are deleted without a message get what onDelete says', async () => {
  await run(
    'SET sql_log_bin = 0',
    'DELETE FROM DB.account WHERE id BETWEEN 51 AND 100',
    'COMMIT',
    'SET sql_log_bin = 1',
  );
  await expect.poll(() => count("nick = 'gone'"), SOON).toBe(50);
});

test('case 85: a table with its columns in another order takes the place of the mapped one; the other source goes on', async () => {
  await run(
    "CREATE TABLE DB.account_new (id BIGINT PRIMARY KEY, bio VARCHAR(64) DEFAULT 'private', avatar VARCHAR(255) DEFAULT 'none.png', nick VARCHAR(64) DEFAULT '', vip BOOL DEFAULT 0, doc JSON)",
    'INSERT INTO DB.account_new (id, avatar, nick, vip) SELECT id, avatar, nick, vip FROM DB.account',
    'RENAME TABLE DB.account TO DB.account_old, DB.account_new TO DB.account',
    "UPDATE DB.account SET nick = CONCAT('swapped', id), bio = 'secret' WHERE id BETWEEN 10 AND 40",
    'COMMIT',
    "UPDATE DB.room SET title = 'b'",
  );
  await expect.poll(() => count("nick = CONCAT('swapped', friend_id)"), SOON).toBe(31);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await count("nick IN ('secret', 'private') OR avatar IN ('secret', 'private')")).toBe(0);
});

test('case 26, 86: a TRUNCATE is told and changes no copy until somebody confirms it', async () => {
  const before = await count("nick = 'gone'");
  await run('TRUNCATE TABLE DB.account');
  await expect.poll(notes, SOON).toContain('rows_gone');
  expect(await count("nick = 'gone'")).toBe(before);
  await run("UPDATE DB.room SET title = 'c'");
  const title = () => pipeline.friend.rows('a copy', `SELECT title FROM ${pipeline.friendDb}.visit`);
  await expect.poll(title, SOON).toEqual([{ title: 'c' }]);
  const [account] = pipeline.configuration.mapping.sources;
  if (account) await pipeline.operations.requestRound(account, { takesGone: ROWS + 1 });
  await expect.poll(() => count("nick = 'gone'"), SOON).toBe(ROWS + 1);
  await expect.poll(notes, SOON).not.toContain('rows_gone');
});
