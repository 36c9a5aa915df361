import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createUsers } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 20;
const SOON = { timeout: PATIENCE_MS, interval: 50 };

let pipeline: Pipeline;
let daemon: Daemon;

beforeAll(async () => {
  pipeline = await openPipeline({
    ...TABLES,
    settings: { patrol: { intervalSeconds: 3_600 }, watch: { intervalSeconds: 1 } },
  });
  await createUsers(pipeline, USERS);
  daemon = await pipeline.startDaemon();
  await pipeline.settled();
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

const change = (sql: string) =>
  pipeline.user.write('a change', sql.replaceAll('ACCOUNT', `${pipeline.userDb}.account`));

async function nicksOf(id: number): Promise<unknown[]> {
  const { friend, friendDb } = pipeline;
  const rows = await friend.rows('looking', `SELECT nick FROM ${friendDb}.friend WHERE friend_id = ?`, [id]);
  return rows.map(({ nick }) => nick);
}

test('case 36: columns added first, between and last, dropped, widened and reordered in mid-stream change nothing', async () => {
  const alters = [
    'ADD COLUMN a VARCHAR(20) DEFAULT "a" FIRST',
    'ADD COLUMN b INT DEFAULT 7 AFTER nick',
    'ADD COLUMN c VARCHAR(20) DEFAULT "c"',
    'DROP COLUMN a',
    'MODIFY COLUMN avatar TEXT',
    'MODIFY COLUMN avatar TEXT FIRST',
    'MODIFY COLUMN nick VARCHAR(64) AFTER c',
  ];
  for (const [n, alter] of alters.entries()) {
    await change(`UPDATE ACCOUNT SET nick = 'before ${n}', avatar = '${n}.png'`);
    await change(`ALTER TABLE ACCOUNT ${alter}`);
    await change(`UPDATE ACCOUNT SET nick = 'after ${n}', avatar = 'after-${n}.png' WHERE id % 2 = 0`);
  }
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  expect([await nicksOf(1), await nicksOf(2)]).toEqual([
    ['before 6', 'before 6'],
    ['after 6', 'after 6'],
  ]);
  expect(await daemon.metric('friend_sync_dead_letters_total')).toBe(0);
});

test('case 40: rows that are deleted and inserted again, or replaced, end with their last values', async () => {
  await change('DELETE FROM ACCOUNT WHERE id IN (3, 4)');
  await change("INSERT INTO ACCOUNT (id, nick) VALUES (3, 'again'), (4, 'again')");
  await change("REPLACE INTO ACCOUNT (id, nick) VALUES (4, 'replaced'), (5, 'replaced')");
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0, orphans: 0 });
  expect([await nicksOf(3), await nicksOf(4), await nicksOf(5)]).toEqual([
    ['again', 'again'],
    ['replaced', 'replaced'],
    ['replaced', 'replaced'],
  ]);
});

test('case 39: a primary key that changes: copies of the new key follow, those of the old one are kept by policy', async () => {
  const { friend, friendDb } = pipeline;
  await change("UPDATE ACCOUNT SET nick = 'seven' WHERE id = 7");
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (70007)`);
  await pipeline.settled();
  await change("UPDATE ACCOUNT SET id = 70007, nick = 'moved' WHERE id = 7");
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0, orphans: 3 });
  expect([await nicksOf(7), await nicksOf(70_007)]).toEqual([['seven', 'seven'], ['moved']]);
});

test('case 37: a mapped column that is dropped halts the daemon, which names it; once it is back, nothing is lost', async () => {
  const { operations, configuration } = pipeline;
  await change("UPDATE ACCOUNT SET nick = 'with', avatar = 'with.png'");
  await pipeline.settled();
  await change('ALTER TABLE ACCOUNT DROP COLUMN avatar');
  await change("UPDATE ACCOUNT SET nick = 'without'");
  const problems = async () => (await daemon.readiness()).troubles.map(({ problem }) => problem).join();
  await expect.poll(problems, SOON).toMatch(/avatar/);

  await change('ALTER TABLE ACCOUNT ADD COLUMN avatar TEXT');
  await change("UPDATE ACCOUNT SET avatar = 'again.png'");
  await operations.backfill(configuration.mapping.sources, 60_000);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await nicksOf(1)).toEqual(['without', 'without']);
  await expect.poll(async () => (await daemon.readiness()).ready, SOON).toBe(true);
  expect(await daemon.metric('friend_sync_dead_letters_total')).toBe(0);
});

test('case 38: a table that is swapped for a changed copy of itself goes on, and no column is shifted', async () => {
  await change(
    'CREATE TABLE ACCOUNT_new (extra VARCHAR(20) DEFAULT "x", avatar TEXT, nick VARCHAR(64), id BIGINT PRIMARY KEY)',
  );
  await change('INSERT INTO ACCOUNT_new (id, nick, avatar) SELECT id, nick, avatar FROM ACCOUNT');
  await change('RENAME TABLE ACCOUNT TO ACCOUNT_old, ACCOUNT_new TO ACCOUNT');
  await change("UPDATE ACCOUNT SET nick = 'swapped', avatar = 'swapped.png'");
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await nicksOf(1)).toEqual(['swapped', 'swapped']);
});
