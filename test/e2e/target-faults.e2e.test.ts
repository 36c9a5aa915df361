import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 50;
const SOON = { timeout: PATIENCE_MS, interval: 100 };
const OPTIONS = { ...TABLES, settings: { watch: { intervalSeconds: 1 } } };

const hasTrouble = (daemon: Daemon, kind: string, problem: RegExp) =>
  expect
    .poll(async () => (await daemon.readiness()).troubles, SOON)
    .toContainEqual(expect.objectContaining({ kind, problem: expect.stringMatching(problem) }));

async function openBusy(): Promise<{ pipeline: Pipeline; daemon: Daemon }> {
  const pipeline = await openPipeline(OPTIONS);
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  return { pipeline, daemon };
}

/** Nothing but the daemon's own readiness was needed. */
async function expectRecovered(pipeline: Pipeline, daemon: Daemon): Promise<void> {
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await daemon.ready();
  expect(daemon.process.exitCode).toBe(null);
}

test('case 46: a friend database that turns read-only and comes back is waited for', async () => {
  const { pipeline, daemon } = await openBusy();
  await using _ = pipeline;
  await using load = startLoad(pipeline, USERS);
  await pipeline.friend.write('turning read-only', 'SET GLOBAL super_read_only = ON');
  try {
    await hasTrouble(daemon, 'store_unavailable', /read-only/);
  } finally {
    await pipeline.friend.write('turning back', 'SET GLOBAL read_only = OFF');
  }
  await load.stop();
  await expectRecovered(pipeline, daemon);
});

test(
  'case 47: a friend database that is stopped in order, then killed and away for long, is waited for; the backlog drains',
  async () => {
    const { pipeline, daemon } = await openBusy();
    await using _ = pipeline;
    await using load = startLoad(pipeline, USERS);
    for (let kill = 0; kill < SCALE.serverKills; kill++) {
      const before = await daemon.metric('friend_sync_copies_written_total');
      await pipeline.stack.stop('friend-mysql', kill === 0 ? undefined : 'SIGKILL');
      if (kill === SCALE.serverKills - 1) await delay(SCALE.awayMs); // the length of the outage is what is tested
      await pipeline.stack.start('friend-mysql');
      await expect.poll(() => daemon.metric('friend_sync_copies_written_total'), SOON).toBeGreaterThan(before);
    }
    await load.stop();
    await expectRecovered(pipeline, daemon);
  },
  LONG_TIMEOUT_MS,
);

test('case 37: a target column that is renamed halts, names itself, and is got over once it is back', async () => {
  const { pipeline, daemon } = await openBusy();
  await using _ = pipeline;
  const { friend, friendDb } = pipeline;
  await using load = startLoad(pipeline, USERS);
  await friend.write('renaming', `ALTER TABLE ${friendDb}.member RENAME COLUMN nick TO nickname`);
  await hasTrouble(daemon, 'copy_unfit', /member\.nick: no such column/);
  await friend.write('renaming it back', `ALTER TABLE ${friendDb}.member RENAME COLUMN nickname TO nick`);
  await load.stop();
  await expectRecovered(pipeline, daemon);
  expect(await daemon.metric('friend_sync_dead_letters_total')).toBe(0);
  expect(await daemon.metric('friend_sync_postponed_total')).toBe(0);
});

test('case 47: a right that is revoked, or a target table that is gone, halts, names itself, and is got over once it is back', async () => {
  const { pipeline, daemon } = await openBusy();
  await using _ = pipeline;
  const { friend, friendDb, configuration } = pipeline;
  const account = `'${configuration.settings.target.user}'@'%'`;
  await using load = startLoad(pipeline, USERS);

  await friend.write('revoking', `REVOKE UPDATE (nick) ON ${friendDb}.member FROM ${account}`);
  await hasTrouble(daemon, 'copy_unfit', /member\.nick: no UPDATE/);
  await friend.write('granting', `GRANT UPDATE (nick) ON ${friendDb}.member TO ${account}`);
  await daemon.ready();

  await friend.write('losing a table', `RENAME TABLE ${friendDb}.friend TO ${friendDb}.away`);
  await hasTrouble(daemon, 'copy_unfit', /friend: no such table/);
  await friend.write('finding it', `RENAME TABLE ${friendDb}.away TO ${friendDb}.friend`);
  await load.stop();
  await expectRecovered(pipeline, daemon);
  expect(await daemon.metric('friend_sync_postponed_total')).toBe(0);
  expect(await daemon.metric('friend_sync_dead_letters_total')).toBe(0);
});

test('case 54: a friend database that is restored from a backup, mirror and all, catches up by itself', async () => {
  const { pipeline, daemon } = await openBusy();
  await using _ = pipeline;
  const { friend, friendDb, configuration } = pipeline;
  const state = configuration.settings.target.stateDatabase;
  const tables = [
    `${friendDb}.friend`,
    `${friendDb}.member`,
    ...['mirror_account', 'pending', 'consumed', 'server_state'].map((table) => `${state}.${table}`),
  ];
  const backup = (table: string) => `${friendDb}.backup_${table.split('.')[1]}`;
  await friend.transaction('backing up', async (tx) => {
    for (const table of tables) await tx.write('backing up', `CREATE TABLE ${backup(table)} AS SELECT * FROM ${table}`);
  });

  await using load = startLoad(pipeline, USERS);
  await expect.poll(() => daemon.metric('friend_sync_copies_written_total'), SOON).toBeGreaterThan(500);
  await friend.transaction('restoring', async (tx) => {
    for (const table of [...tables].reverse()) {
      await tx.write('restoring', `DELETE FROM ${table}`);
      await tx.write('restoring', `INSERT INTO ${table} SELECT * FROM ${backup(table)}`);
    }
  });
  await load.stop();
  await expectRecovered(pipeline, daemon);
});
