import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const DEADLINE_MS = 60_000;

let pipeline: Pipeline;
let daemon: Daemon;

// With columns before, between and behind the mapped ones: a row that lacks some would look like one with others.
beforeAll(async () => {
  pipeline = await openPipeline({
    userTables: [
      `CREATE TABLE account (bio TEXT, id BIGINT PRIMARY KEY, nick VARCHAR(64), seen INT NOT NULL DEFAULT 0, avatar VARCHAR(64),
         city VARCHAR(64), phone VARCHAR(64))`,
    ],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), avatar VARCHAR(64), KEY (friend_id))',
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick, avatar: avatar } }] }`,
    settings: { watch: { intervalSeconds: 1 }, patrol: { intervalSeconds: 3_600 } },
  });
  const { user, friend, userDb, friendDb } = pipeline;
  await user.write(
    'users',
    `INSERT INTO ${userDb}.account (bio, id, nick, avatar) VALUES ('b',1,'Ann','a.png'),('b',2,'Bea',NULL)`,
  );
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3)`);
  daemon = await pipeline.startDaemon();
  await pipeline.settled();
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

async function copies(): Promise<Record<string, unknown>[]> {
  const { friend, friendDb } = pipeline;
  const rows = await friend.rows('looking', `SELECT friend_id AS id, nick, avatar FROM ${friendDb}.friend ORDER BY n`);
  return rows.map(({ id, nick, avatar }) => ({ id: Number(id), nick, avatar }));
}

test('case 35: a thousand changes of columns that are not mapped make no message and no write', async () => {
  const { user, userDb, operations } = pipeline;
  const ends = async () =>
    (await operations.progress()).map(({ topic, partition, endOffset }) => `${topic}/${partition} ${endOffset}`);
  const [before, position] = [await ends(), await friendPosition()];
  for (let n = 0; n < 1_000; n += 2)
    await user.write('unmapped', `UPDATE ${userDb}.account SET seen = seen + 1, phone = ?, bio = ?`, [`${n}`, `${n}`]);
  await pipeline.settled();
  expect(await ends()).toEqual(before);
  expect(await writtenSince(position)).toEqual([]);
});

/** A row of the binary log that lacks columns, as sessions with these settings write it. */
const INCOMPLETE = [
  ['MINIMAL', "INSERT INTO ACCOUNT (id, nick, city, phone) VALUES (3, 'Cid', 'not an avatar', '')"],
  ['MINIMAL', "UPDATE ACCOUNT SET nick = 'Änn', avatar = 'b.png', city = 'not a nick', phone = '' WHERE id = 1"],
  ['NOBLOB', "UPDATE ACCOUNT SET nick = 'Beä' WHERE id = 2"],
] as const;

test.each(INCOMPLETE)(
  'case 29: a %s row image halts the daemon and writes nothing; a new epoch brings its values: %s',
  async (image, sql) => {
    const before = await copies();
    await write(image, sql);
    const { operations, configuration } = pipeline;
    await expect
      .poll(async () => (await daemon.readiness()).troubles, { timeout: DEADLINE_MS })
      .toContainEqual(
        expect.objectContaining({ kind: 'history_lost', problem: expect.stringContaining('binlog_row_image') }),
      );
    expect(await copies()).toEqual(before);

    await operations.beginEpoch(configuration.mapping.sources);
    await expect.poll(async () => (await pipeline.settled()).mismatches, { timeout: DEADLINE_MS }).toBe(0);
    await daemon.ready();
    expect(await copies()).not.toEqual(before);
  },
);

test('case 26: a TRUNCATE of the source stops nothing and changes no copy', async () => {
  const { user, userDb } = pipeline;
  const before = await copies();
  await user.write('truncating', `TRUNCATE ${userDb}.account`);
  await user.write('users', `INSERT INTO ${userDb}.account (id, nick) VALUES (1, 'Zoe')`);
  await pipeline.settled();
  expect(await copies()).toEqual([{ id: 1, nick: 'Zoe', avatar: null }, ...before.slice(1)]);
  expect((await daemon.readiness()).troubles).toEqual([]);
});

test('case 29: connectors apply refuses a user server whose row images are not full, and says so', async () => {
  const { user, operations, connectorName } = pipeline;
  await user.write('configuring', 'SET GLOBAL binlog_row_image = MINIMAL');
  try {
    await operations.connect.delete(connectorName);
    await expect(operations.applyConnectors(DEADLINE_MS)).rejects.toThrow(/binlog_row_image/);
  } finally {
    await user.write('configuring', 'SET GLOBAL binlog_row_image = FULL');
  }
  await operations.connect.restart(connectorName, { onlyFailed: true });
  await operations.applyConnectors(DEADLINE_MS);
});

/** In one round trip, so on one connection. */
async function write(image: string, sql: string): Promise<void> {
  const { user, userDb } = pipeline;
  const statement = sql.replace('ACCOUNT', `${userDb}.account`);
  await user.rows(
    'a session of its own kind',
    `SET SESSION binlog_row_image = ${image}; ${statement}; SET SESSION binlog_row_image = FULL`,
  );
}

/** Where the friend server's binary log ends. */
async function friendPosition(): Promise<{ file: string; position: number }> {
  const logs = await pipeline.friend.rows('position', 'SHOW BINARY LOGS');
  return { file: String(logs.at(-1)?.Log_name), position: Number(logs.at(-1)?.File_size) };
}

/** Each table that was written to since then, but for the two that the daemon writes by the clock. */
async function writtenSince({ file, position }: { file: string; position: number }): Promise<string[]> {
  const { friend, configuration } = pipeline;
  const { stateDatabase } = configuration.settings.target;
  const events = await friend.rows('writes', `SHOW BINLOG EVENTS IN '${file}' FROM ${position}`);
  const tables = events.flatMap(({ Info }) => String(Info).match(/^table_id: \d+ \((.*)\)$/)?.[1] ?? []);
  const byTheClock = ['server_state', 'round', 'read_look', 'daemon'].map((table) => `${stateDatabase}.${table}`);
  return [...new Set(tables)].filter((table) => !byTheClock.includes(table));
}
