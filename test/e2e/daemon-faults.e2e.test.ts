import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { largestTransaction } from '../support/largest-transaction.ts';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';
import { keepVersions, stepsBack } from '../support/versions.ts';

const USERS = 50;
const { chunkRows, copiesOfOneUser: MANY, kills, restarts, lockedMs, lookMs } = SCALE;
/** Longer than the session timeout (6 s) and the lease (5 s) of these pipelines. */
const FROZEN_MS = 8_000;
/** Each look at a million copies takes the server as long as writing some ten thousand. */
const SOON = { timeout: PATIENCE_MS, interval: lookMs };
const OPTIONS = { ...TABLES, settings: { fanOut: { leaseMs: 5_000, chunkRows } } };

const rename = ({ user, userDb }: Pipeline, id: number, nick: string) =>
  user.write('renaming', `UPDATE ${userDb}.account SET nick = ? WHERE id = ?`, [nick, id]);

async function copiesOf({ friend, friendDb }: Pipeline, id: number, nick: string): Promise<number> {
  const [row] = await friend.rows(
    'looking',
    `SELECT COUNT(*) AS n FROM ${friendDb}.friend WHERE friend_id = ? AND nick <=> ?`,
    [id, nick],
  );
  return Number(row?.n);
}

/** User 1 has as many copies as a transaction never writes at once, and a pass over them takes a few seconds. */
async function openLarge(): Promise<Pipeline> {
  const settings = { ...OPTIONS.settings, brake: { rowsPerSecond: MANY / 4 } };
  const pipeline = await openPipeline({ ...OPTIONS, settings });
  await createUsers(pipeline, USERS);
  await pipeline.friend.write(
    'copies',
    `INSERT INTO ${pipeline.friendDb}.friend (friend_id)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY}) SELECT /*+ SET_VAR(cte_max_recursion_depth = ${MANY}) */ 1 FROM n`,
  );
  return pipeline;
}

/** Waits until the pass over user 1 is under way and not at its end. */
async function halfWay(pipeline: Pipeline, nick: string): Promise<void> {
  await expect.poll(() => copiesOf(pipeline, 1, nick), SOON).toBeGreaterThan(0);
  expect(await copiesOf(pipeline, 1, nick)).toBeLessThan(MANY);
}

async function freeze(daemon: Daemon): Promise<void> {
  daemon.process.kill('SIGSTOP');
  await delay(FROZEN_MS);
}

test('case 15: an instance that was frozen past its session and lease writes nothing older when it wakes', async () => {
  await using pipeline = await openPipeline(OPTIONS);
  await createUsers(pipeline, USERS);
  const zombie = await pipeline.startDaemon();
  await pipeline.startDaemon();
  await pipeline.settled();
  await keepVersions(pipeline);
  await using load = startLoad(pipeline, USERS);
  await freeze(zombie);
  await delay(1_000);
  zombie.process.kill('SIGCONT');
  await delay(2_000);
  await load.stop();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await stepsBack(pipeline)).toBe('0');
  await zombie.ready();
});

test(
  'case 13: a daemon that is killed again and again, at any moment, loses nothing',
  async () => {
    await using pipeline = await openLarge();
    await using load = startLoad(pipeline, USERS);
    for (let n = 0; n < kills; n++) {
      const daemon = await pipeline.startDaemon();
      await rename(pipeline, 1, `v${n}`);
      await delay(Math.random() * 500);
      await daemon.kill();
    }
    await load.stop();
    await pipeline.startDaemon();
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  },
  LONG_TIMEOUT_MS,
);

test(
  'case 14: three instances that restart one by one, and all at once, lose nothing',
  async () => {
    await using pipeline = await openPipeline(OPTIONS);
    await createUsers(pipeline, USERS);
    const start = () => pipeline.startDaemon();
    await using load = startLoad(pipeline, USERS);
    let daemons = await Promise.all([start(), start(), start()]);
    for (let round = 0; round < restarts; round++) {
      for (const [i, daemon] of daemons.entries()) {
        expect(await daemon.kill('SIGTERM')).toBe(0);
        daemons[i] = await start();
      }
      expect(await Promise.all(daemons.map((daemon) => daemon.kill('SIGTERM')))).toEqual([0, 0, 0]);
      daemons = await Promise.all([start(), start(), start()]);
    }
    await load.stop();
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  },
  LONG_TIMEOUT_MS,
);

test(
  'case 48: a user with many copies is renamed again half-way; a worker is killed, another frozen; others go on',
  async ({ annotate }) => {
    await using pipeline = await openLarge();
    const first = await pipeline.startDaemon();
    await pipeline.settled();
    await keepVersions(pipeline);
    const logs = await pipeline.friend.rows('looking', 'SHOW BINARY LOGS');

    await rename(pipeline, 1, 'v1');
    await halfWay(pipeline, 'v1');
    await rename(pipeline, 1, 'v2');
    await rename(pipeline, 2, 'v7');
    await expect.poll(() => copiesOf(pipeline, 2, 'v7'), SOON).toBe(2);
    await first.kill();

    const second = await pipeline.startDaemon();
    await expect.poll(() => copiesOf(pipeline, 1, 'v2'), SOON).toBeGreaterThan(0);
    second.process.kill('SIGSTOP');
    await pipeline.startDaemon();
    await expect.poll(() => copiesOf(pipeline, 1, 'v2'), { ...SOON, timeout: LONG_TIMEOUT_MS }).toBe(MANY + 2);
    second.process.kill('SIGCONT');
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
    expect(await stepsBack(pipeline)).toBe('0');
    const largest = await largestTransaction(pipeline, 'friend', String(logs.at(-1)?.Log_name));
    expect(largest).toBeGreaterThan(1);
    expect(largest).toBeLessThanOrEqual(chunkRows);
    await annotate(`the largest transaction updated ${largest} of ${MANY} copies`);
  },
  LONG_TIMEOUT_MS,
);

test(
  'case 21: a daemon that is told to stop in the middle of a fan-out stops at once, in order, and another finishes',
  async () => {
    await using pipeline = await openLarge();
    const daemon = await pipeline.startDaemon();
    await pipeline.settled();
    await rename(pipeline, 1, 'v1');
    await halfWay(pipeline, 'v1');
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect(await copiesOf(pipeline, 1, 'v1')).toBeLessThan(MANY);
    await pipeline.startDaemon();
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  },
  LONG_TIMEOUT_MS,
);

test('case 16: a daemon that starts while another holds a row that it needs waits for it, and says so', async () => {
  await using pipeline = await openPipeline(OPTIONS);
  const { friend, configuration } = pipeline;
  await createUsers(pipeline, USERS);
  const { stateDatabase } = configuration.settings.target;
  await (await pipeline.startDaemon()).kill('SIGTERM');
  const late = await friend.transaction('an instance that was frozen', async (tx) => {
    await tx.rows('locking', `SELECT source FROM ${stateDatabase}.round FOR UPDATE`);
    const daemon = await pipeline.launchDaemon();
    await expect.poll(daemon.output, SOON).toContain('"kind":"store_contended"');
    return daemon;
  });
  await late.ready();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});

test(
  'case 16: offsets that stay locked for longer than the session timeout make no rebalance; what waited is stored then',
  async () => {
    await using pipeline = await openPipeline(OPTIONS);
    const { friend, configuration } = pipeline;
    await createUsers(pipeline, USERS);
    const daemon = await pipeline.startDaemon();
    await pipeline.settled();
    const joins = await daemon.metric('friend_sync_rebalances_total');
    await friend.transaction('a slow store', async (tx) => {
      const { stateDatabase } = configuration.settings.target;
      await tx.rows('locking', `SELECT next_offset FROM ${stateDatabase}.consumed FOR UPDATE`);
      await rename(pipeline, 1, 'v1');
      await delay(lockedMs); // the length of the lock is what is tested
      expect(await copiesOf(pipeline, 1, 'v1')).toBe(0);
    });
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
    expect(await daemon.metric('friend_sync_rebalances_total')).toBe(joins);
  },
  LONG_TIMEOUT_MS,
);

test(
  'case 16: a copy that stays locked for longer than the session timeout makes no rebalance, and other keys go on',
  async () => {
    await using pipeline = await openPipeline(OPTIONS);
    const { friend, friendDb } = pipeline;
    await createUsers(pipeline, USERS);
    const daemon = await pipeline.startDaemon();
    await pipeline.settled();
    const joins = await daemon.metric('friend_sync_rebalances_total');
    await friend.transaction('the application', async (tx) => {
      await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id = 1 FOR UPDATE`);
      await rename(pipeline, 1, 'v1');
      for (const until = Date.now() + lockedMs; Date.now() < until; ) {
        const nick = `v${Date.now()}`;
        await rename(pipeline, 2, nick);
        await expect.poll(() => copiesOf(pipeline, 2, nick), SOON).toBe(2);
      }
      expect(await copiesOf(pipeline, 1, 'v1')).toBe(0);
    });
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
    expect(await daemon.metric('friend_sync_rebalances_total')).toBe(joins);
  },
  LONG_TIMEOUT_MS,
);
