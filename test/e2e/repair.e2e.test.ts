import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hearCommand } from '../support/command.ts';
import type { Daemon } from '../support/daemon.ts';
import { column } from '../support/drain.ts';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, longTest, PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 300;
const SOON = { timeout: PATIENCE_MS };

async function corrupt({ friend, friendDb }: Pipeline): Promise<void> {
  await friend.write(
    'corrupting',
    `UPDATE ${friendDb}.friend SET nick = 'corrupted', avatar = NULL ORDER BY id LIMIT 60`,
  );
  await friend.write('corrupting', `UPDATE ${friendDb}.member SET nick = NULL ORDER BY user_id LIMIT 40`);
}

test('copies corrupted by hand are repaired by a rewind to the earliest offset, and by a backfill', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  // The patrol would repair them as well: its next round is minutes away.
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();

  await corrupt(pipeline);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 100 });
  const moves = await operations.planReset(configuration.mapping.sources, { kind: 'earliest' });
  expect(moves.length).toBeGreaterThan(0);
  await operations.executeReset(moves);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });

  await corrupt(pipeline);
  await operations.backfill(configuration.mapping.sources, 60_000);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(daemon.process.exitCode).toBe(null);
});

test('case 4: rows that existed before friend-sync are copied by themselves while they change', async () => {
  await using pipeline = await openPipeline(TABLES, (servers) => createUsers(servers, USERS));
  const { operations } = pipeline;
  await pipeline.startDaemon();
  // The rest comes by the first load alone.
  await using load = startLoad(pipeline, USERS / 2);
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  expect(await load.stop()).toBeGreaterThan(0);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('a backfill makes good what the mirror does not know; a deleted row stays deleted', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration, friend, user, userDb } = pipeline;
  await createUsers(pipeline, USERS);
  await pipeline.startDaemon();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  const mirror = `${configuration.settings.target.stateDatabase}.mirror_account`;
  await friend.write('forgetting changes', `UPDATE ${mirror} SET v_nick = 'before' WHERE k <= 20`);
  await friend.write('forgetting an insert', `UPDATE ${mirror} SET fs_deleted = 1 WHERE k = 21`);

  await operations.backfill(configuration.mapping.sources, 60_000);
  await user.write('deleting', `DELETE FROM ${userDb}.account WHERE id = 20`);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0, orphans: 3 });
  const wrong = await friend.rows(
    'reading',
    `SELECT k FROM ${mirror} WHERE v_nick = 'before' OR fs_deleted ORDER BY k`,
  );
  expect(wrong.map(({ k }) => k)).toEqual(['20']);
});

test('case 55: a new friend store is rebuilt from the topic alone, by a rewind to its start', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration, friend, friendDb } = pipeline;
  await createUsers(pipeline, USERS);
  await pipeline.startDaemon();
  await pipeline.settled();
  const state = configuration.settings.target.stateDatabase;
  await friend.write('losing the mirror', `DELETE FROM ${state}.mirror_account`);
  await friend.write('losing the copies', `UPDATE ${friendDb}.friend SET nick = NULL, avatar = 'lost'`);
  await operations.executeReset(await operations.planReset(configuration.mapping.sources, { kind: 'earliest' }));
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

/** Rows that a file or a condition names are read, while `kill` breaks it off once some have been. */
async function backfillWithout(kill: (pipeline: Pipeline, daemon: Daemon) => Promise<unknown>): Promise<void> {
  await using pipeline = await openPipeline({ ...TABLES, settings: { patrol: { intervalSeconds: 3_600 } } });
  const { operations, configuration, friend, friendDb } = pipeline;
  const KEYS = SCALE.backfilledKeys;
  await createUsers(pipeline, KEYS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  const state = configuration.settings.target.stateDatabase;
  const mirror = `${state}.mirror_account`;
  await friend.write('forgetting changes', `UPDATE ${mirror} SET v_nick = 'before'`);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'before'`);
  const unread = async () =>
    Number((await column(pipeline, `SELECT COUNT(*) FROM ${mirror} WHERE v_nick = 'before'`))[0]);
  const folder = await mkdtemp(join(tmpdir(), 'friend-sync-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys');
  const half = Array.from({ length: KEYS / 2 }, (_, i) => i + 1);
  await writeFile(file, half.join('\n'));

  const [ofFile, ofCondition] = [
    hearCommand(pipeline, 'backfill', '--keys-file', file),
    hearCommand(pipeline, 'backfill', '--where', `id > ${KEYS / 2}`),
  ];
  await expect.poll(unread, { ...SOON, interval: 20 }).toBeLessThan(KEYS);
  await kill(pipeline, daemon);
  // What a killed daemon was reading is another's within a minute.
  await friend.write('ending leases', `UPDATE ${state}.due_key SET due = NOW(6)`);
  for (const asked of [ofFile, ofCondition])
    expect(await asked).toMatchObject({ code: 0, told: expect.stringContaining(`${KEYS / 2} keys are asked for`) });
  expect(await hearCommand(pipeline, 'backfill', '--where', 'id = 1', '--wait')).toMatchObject({
    code: 0,
    told: expect.stringContaining('done: every copy is equal'),
  });
  expect(await unread()).toBe(0);
  expect(await pipeline.settled()).toMatchObject({ copies: KEYS * 3, mismatches: 0 });
}

test(
  'case 13, 69: rows that a file or a condition names are all read with the printed grants, though the daemon is killed in the middle of it',
  () =>
    backfillWithout(async (pipeline, daemon) => {
      await daemon.kill();
      await pipeline.startDaemon();
    }),
  LONG_TIMEOUT_MS,
);

longTest(
  'case 3, 69: rows that a file or a condition names are all read, though Kafka Connect is killed in the middle of it',
  () =>
    backfillWithout(async ({ stack }) => {
      await stack.stop('connect', 'SIGKILL');
      await stack.start('connect');
    }),
  LONG_TIMEOUT_MS,
);
