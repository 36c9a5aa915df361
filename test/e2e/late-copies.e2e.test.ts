import { expect, test } from 'vitest';
import { EPOCH_BEGINS } from '../../sync-service/src/infrastructure/mysql/state/server-state.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS, SCALE } from '../support/scale.ts';

const TIMES = { timeout: PATIENCE_MS, interval: 100 };

const OPTIONS = {
  userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64))'],
  friendTables: [
    `CREATE TABLE friend (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, user_id BIGINT, friend_id BIGINT, nick VARCHAR(64), deleted TINYINT NOT NULL DEFAULT 0,
       remark VARCHAR(64), UNIQUE KEY (user_id, friend_id), KEY (friend_id))`,
    `CREATE TABLE member (team VARCHAR(20), joined DATE, kind ENUM('guest','host'), token BINARY(4), user_id BIGINT, nick VARCHAR(64),
       PRIMARY KEY (team, joined, kind, token), KEY (user_id))`,
  ],
  sources: `
  - name: account
    table: USER.account
    key: id
    copies:
      - { table: friend, key: friend_id, set: { nick: nick }, where: "deleted = 0", watch: [remark] }
      - { table: member, key: user_id, set: { nick: nick } }`,
  // Minutes away: what is corrected here, the patrol has not corrected.
  settings: { patrol: { intervalSeconds: 3_600 } },
};

/** Users 1 (Ann) and 2 (Bea), whose changes have been applied; the patrol's first round is over. */
async function openSettled(): Promise<Pipeline> {
  const pipeline = await openPipeline(OPTIONS);
  const { user, friend, userDb, friendDb, operations } = pipeline;
  await user.write('users', `INSERT INTO ${userDb}.account VALUES (1,'old'),(2,'Bea')`);
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (7,1,'old'),(8,1,'old'),(7,2,'Bea')`,
  );
  await pipeline.startDaemon();
  await user.write('change', `UPDATE ${userDb}.account SET nick = 'Ann' WHERE id = 1`);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, TIMES).toBeDefined();
  return pipeline;
}

/** Offsets of the topics that tail the target tables. */
async function lateMessages({ operations, configuration }: Pipeline): Promise<bigint> {
  const { topicPrefix } = configuration.settings.lateCopies;
  const progress = await operations.progress();
  return progress
    .filter(({ topic }) => topic.startsWith(topicPrefix))
    .reduce((sum, { endOffset }) => sum + endOffset, 0n);
}

test('case 51: copies that are inserted, re-added, re-pointed or replaced with an old value are corrected by themselves; our own writes make no message', async () => {
  await using pipeline = await openSettled();
  const { user, friend, userDb, friendDb } = pipeline;
  const write = (sql: string) => friend.write('the friend service', sql);
  const nicks = async (where: string) =>
    (await friend.rows('reading', `SELECT nick FROM ${friendDb}.friend WHERE ${where}`)).map(({ nick }) => nick);

  await write(`INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (9,1,'old')`);
  await expect.poll(() => nicks('user_id = 9'), TIMES).toEqual(['Ann']);

  await write(`UPDATE ${friendDb}.friend SET deleted = 1 WHERE user_id = 8`);
  await write(`UPDATE ${friendDb}.friend SET deleted = 0, nick = 'old' WHERE user_id = 8`);
  await expect.poll(() => nicks('user_id = 8'), TIMES).toEqual(['Ann']);

  await write(`UPDATE ${friendDb}.friend SET remark = 'hi', nick = 'old' WHERE user_id = 8`);
  await expect.poll(() => nicks('user_id = 8'), TIMES).toEqual(['Ann']);

  await write(`DELETE FROM ${friendDb}.friend WHERE user_id = 7 AND friend_id = 1`);
  await write(`UPDATE ${friendDb}.friend SET friend_id = 1 WHERE user_id = 7`);
  await expect.poll(() => nicks('user_id = 7'), TIMES).toEqual(['Ann']);

  await write(`REPLACE INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (9,1,'old')`);
  await expect.poll(() => nicks('user_id = 9'), TIMES).toEqual(['Ann']);

  await write(
    `INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (9,1,'x') ON DUPLICATE KEY UPDATE user_id = 10, nick = 'old'`,
  );
  await write(`UPDATE ${friendDb}.friend SET remark = 'odku' WHERE user_id = 10`);
  await expect.poll(() => nicks('user_id = 10'), TIMES).toEqual(['Ann']);

  await write(
    `INSERT INTO ${friendDb}.member VALUES ('a', '2024-02-29', 'host', X'00ff0000', 1, 'old'), ('b', '2024-02-29', 'guest', X'01', 2, 'old')`,
  );
  await write(`UPDATE ${friendDb}.member SET team = 'c', nick = 'old' WHERE user_id = 1`);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });

  const before = await lateMessages(pipeline);
  await user.write('change', `UPDATE ${userDb}.account SET nick = CONCAT(nick, '!')`);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await lateMessages(pipeline)).toBe(before);
});

test('what was written while the late-copies connector was away, its position lost, is found by the patrol that follows', async () => {
  await using pipeline = await openSettled();
  const { friend, friendDb, operations, configuration } = pipeline;
  const { connectorName } = configuration.settings.lateCopies;
  const { connect } = operations;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, 30_000);
  await connect.deleteOffsets(connectorName);
  await connect.delete(connectorName);
  await friend.write('unseen', `INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (9,1,'old')`);
  await operations.applyConnectors(60_000);
  expect(await pipeline.settled()).toMatchObject({ copies: 4 });
  const wrong = () => friend.rows('reading', `SELECT id FROM ${friendDb}.friend WHERE nick = 'old'`);
  await expect.poll(wrong, TIMES).toEqual([]);
});

test('case 77: a late-copies connector whose new beginning somebody left half-way, stopped, is begun once more by the daemon', async () => {
  await using pipeline = await openSettled();
  const { friend, friendDb, operations, configuration } = pipeline;
  const { connectorName } = configuration.settings.lateCopies;
  const { connect } = operations;
  // As it is where a process dies between two steps.
  await friend.write(
    'a step, two minutes ago',
    `REPLACE INTO ${configuration.settings.target.stateDatabase}.server_state (server, gtid_executed, history_lost, may_heal, seen_at)
     VALUES ('late-copies', '', ?, 1, NOW(6) - INTERVAL 2 MINUTE)`,
    [EPOCH_BEGINS],
  );
  await connect.stop(connectorName);
  const insert = () =>
    friend.write('late', `INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (9,1,'old')`);
  await insert();
  const wrong = () => friend.rows('reading', `SELECT id FROM ${friendDb}.friend WHERE nick = 'old'`);
  await expect.poll(wrong, TIMES).toEqual([]);
  await connect.waitUntilRunning(connectorName, 30_000);
});

test('a late-copies connector whose binary logs were purged begins at the present by itself, and a patrol follows', async () => {
  await using pipeline = await openSettled();
  const { friend, friendDb, operations, configuration } = pipeline;
  const { connectorName } = configuration.settings.lateCopies;
  const { connect } = operations;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, 30_000);
  const insert = (user: number) =>
    friend.write('late', `INSERT INTO ${friendDb}.friend (user_id, friend_id, nick) VALUES (${user},1,'old')`);
  for (const unseen of [10, 11]) {
    await insert(unseen);
    await friend.write('rotating', 'FLUSH BINARY LOGS');
  }
  const logs = await friend.rows('listing', 'SHOW BINARY LOGS');
  await friend.write('purging', `PURGE BINARY LOGS TO '${logs.at(-1)?.Log_name}'`);
  await connect.resume(connectorName);
  const wrong = () => friend.rows('reading', `SELECT id FROM ${friendDb}.friend WHERE nick = 'old'`);
  await expect.poll(wrong, TIMES).toEqual([]);
  await insert(12);
  expect(await pipeline.settled()).toMatchObject({ copies: 6, mismatches: 0 });
});

/** Types of a primary key, with values at their edges. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'BIGINT UNSIGNED': ['18446744073709551615', '0'],
  'DECIMAL(65,30)': ["'-0.000000000000000000000000000001'", `'${'9'.repeat(35)}.5'`],
  DOUBLE: ['1.1', '-1e308'],
  'BIT(64)': ["b'1'", '0xffffffffffffffff'],
  YEAR: ['1901', '2155', '0'],
  DATE: ["'0001-01-01'", "'9999-12-31'", "'1582-10-10'"],
  'TIME(6)': ["'-838:59:59'", "'838:59:59'", "'24:00:00.000001'", "'-00:00:00.000001'"],
  'DATETIME(6)': ["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'0070-01-01'"],
  'TIMESTAMP(6)': ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.499999'"],
  "ENUM('a,b','it''s','')": ["'a,b'", "'it''s'", "''"],
  "SET('a','b')": ["''", "'a,b'"],
  'CHAR(5)': ["'a'", "''", "' 🍣'"],
  'VARCHAR(20) CHARACTER SET latin1': ['0x81', "'é'"],
  'VARCHAR(20) COLLATE utf8mb4_bin': ["'a'", "'A '", "''"],
  'BINARY(4)': ["''", '0x00ff', '0x20'],
  'VARBINARY(4)': ["''", '0x00ff', '0x20'],
};

test('case 95: late copies are corrected whatever their primary key is, and by their messages', async () => {
  const types = Object.entries(KEYS);
  await using pipeline = await openPipeline({
    ...OPTIONS,
    friendTables: types.map(
      ([type], i) =>
        `CREATE TABLE t${i} (k ${type}, friend_id BIGINT, nick VARCHAR(64), PRIMARY KEY (k), KEY (friend_id))`,
    ),
    sources: `
  - { name: account, table: USER.account, key: id,
      copies: [${types.map((_, i) => `{ table: t${i}, key: friend_id, set: { nick: nick } }`)}] }`,
  });
  const { user, friend, userDb, friendDb } = pipeline;
  // Each of another user: the fan-out of one corrects all copies of that one.
  const copies = types.flatMap(([type, values], table) => values.map((value) => ({ type, table, value })));
  await user.write('users', `INSERT INTO ${userDb}.account VALUES ?`, [copies.map((_, i) => [i, 'Ann'])]);
  const daemon = await pipeline.startDaemon();
  // The first load compares copies as well, and is over: only messages tell of the late ones.
  await pipeline.operations.backfill(pipeline.configuration.mapping.sources, SCALE.barrierMs);
  await pipeline.settled();
  for (const [i, { table, value }] of copies.entries())
    await friend.write('late', `INSERT INTO ${friendDb}.t${table} VALUES (${value}, ${i}, 'old')`);
  const late = types.map(
    ([type], i) =>
      `SELECT CONCAT(${JSON.stringify(type)}, ' ', friend_id) AS one FROM ${friendDb}.t${i} WHERE nick = 'old'`,
  );
  const wrong = async () => (await friend.rows('reading', late.join(' UNION ALL '))).map(({ one }) => one);
  await expect.poll(wrong, TIMES).toEqual([]);
  expect(await daemon.metric('friend_sync_late_copies_total')).toBe(copies.length);
});
