import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createUsers, startLoad, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = SCALE.usersOfOneStatement;
const FEW = 50;
const DEADLINE_MS = LONG_TIMEOUT_MS / 2;
/** What a daemon may need, Node itself included, however many rows one statement changes. */
const MEMORY_BYTES = 400 * 1024 * 1024;
const SOON = { timeout: PATIENCE_MS, interval: 20 };

/** InnoDB renews what it tells of its transactions only if nobody has asked for 100 ms. */
const SELDOM = { timeout: 60_000, interval: 250 };

let pipeline: Pipeline;
let daemon: Daemon;

beforeAll(async () => {
  // Minutes away: what becomes equal here, the patrol has not made equal.
  pipeline = await openPipeline({ ...TABLES, settings: { patrol: { intervalSeconds: 3_600 } } });
  await createUsers(pipeline, USERS);
  daemon = await pipeline.startDaemon();
  await pipeline.settled();
  await vi.waitUntil(async () => (await pipeline.operations.rounds()).account?.lastEndedAt, SOON);
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

async function backfill(): Promise<void> {
  for (const source of pipeline.configuration.mapping.sources)
    await pipeline.operations.backfill([source], DEADLINE_MS);
}

const rename = (id: number, nick: string) =>
  pipeline.user.write('renaming', `UPDATE ${pipeline.userDb}.account SET nick = ? WHERE id = ?`, [nick, id]);

async function nicksOf(id: number): Promise<unknown[]> {
  const { friend, friendDb } = pipeline;
  const rows = await friend.rows('looking', `SELECT DISTINCT nick FROM ${friendDb}.friend WHERE friend_id = ?`, [id]);
  return rows.map(({ nick }) => nick);
}

test('case 6: rows that have not changed are read again and no copy is rewritten', async () => {
  const written = await daemon.metric('friend_sync_copies_written_total');
  const read = await daemon.metric('friend_sync_rows_read_total');
  await backfill();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await daemon.metric('friend_sync_rows_read_total')).toBeGreaterThanOrEqual(read + USERS);
  expect(await daemon.metric('friend_sync_copies_written_total')).toBe(written);
});

test('case 5: keys that change while they are read again keep their newest value', async () => {
  await using load = startLoad(pipeline, FEW);
  await backfill();
  expect(await load.stop()).toBeGreaterThan(0);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('case 7: a statement that is older and commits later wins', async () => {
  const { user, userDb } = pipeline;
  let older: Promise<unknown> | undefined;
  await user.transaction('the first', async (tx) => {
    await tx.write('locking', `UPDATE ${userDb}.account SET nick = 'locked' WHERE id = 1`);
    older = rename(1, 'older statement');
    const waiting = () =>
      user.rows('looking', "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
    await expect.poll(async () => (await waiting()).length, SELDOM).toBe(1);
    await tx.write('an hour later', 'SET timestamp = UNIX_TIMESTAMP() + 3600');
    await tx.write('renaming', `UPDATE ${userDb}.account SET nick = 'younger statement' WHERE id = 1`);
    await tx.write('the clock again', 'SET timestamp = DEFAULT');
  });
  await older;
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await nicksOf(1)).toEqual(['older statement']);
});

test('case 8: a clock that jumps, and a thousand changes in one second, change nothing in the order', async () => {
  const { user, userDb } = pipeline;
  for (const clock of ['UNIX_TIMESTAMP() + 3600', 'UNIX_TIMESTAMP() - 3600']) {
    await user.transaction('a jump', async (tx) => {
      await tx.write('the clock', `SET timestamp = ${clock}`);
      await tx.write('renaming', `UPDATE ${userDb}.account SET nick = ? WHERE id = 2`, [clock]);
      await tx.write('the clock again', 'SET timestamp = DEFAULT');
    });
  }
  await user.transaction('one second', async (tx) => {
    await tx.write('the clock', 'SET timestamp = 1700000000');
    for (let n = 0; n < 1_000; n++)
      await tx.write('renaming', `UPDATE ${userDb}.account SET nick = ? WHERE id = 3`, [`v${n}`]);
    await tx.write('the clock again', 'SET timestamp = DEFAULT');
  });
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect([await nicksOf(2), await nicksOf(3)]).toEqual([['UNIX_TIMESTAMP() - 3600'], ['v999']]);
});

test('case 9: binary logs that rotate, past a carry in their number, lose nothing', async () => {
  const { user } = pipeline;
  const names: string[] = [];
  for (let n = 0; !names.at(-1)?.endsWith('0'); n++) {
    await update(pipeline, n, FEW);
    await user.write('rotating', 'FLUSH BINARY LOGS');
    await update(pipeline, n + FEW / 2, FEW);
    names.push(String((await user.rows('listing', 'SHOW BINARY LOGS')).at(-1)?.Log_name));
  }
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('case 12: one statement that changes every user is applied whole, in bounded memory', async ({ annotate }) => {
  const { user, userDb } = pipeline;
  await user.write('all', `UPDATE ${userDb}.account SET nick = CONCAT('all ', id), avatar = REPEAT('x', 200)`);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  const status = readFileSync(`/proc/${daemon.process.pid}/status`, 'utf8');
  const most = Number(status.match(/^VmHWM:\s+(\d+) kB/m)?.[1]) * 1024;
  expect(most).toBeLessThan(MEMORY_BYTES);
  await annotate(`at most ${Math.round(most / 2 ** 20)} MiB of memory for a statement of ${USERS} users`);
});
