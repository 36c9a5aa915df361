import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createUsers } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';
import { keepVersions, stepsBack } from '../support/versions.ts';

const USERS = 50;
const ROWS = 5;
const DEADLINE_MS = 60_000;

let pipeline: Pipeline;
let daemon: Daemon;
let count = 0;

beforeAll(async () => {
  pipeline = await openPipeline({
    ...TABLES,
    settings: { patrol: { intervalSeconds: 3_600 }, watch: { intervalSeconds: 1 } },
  });
  await createUsers(pipeline, USERS);
  daemon = await pipeline.startDaemon();
  await pipeline.settled();
  await keepVersions(pipeline);
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

/** One transaction after another, each of five rows, whose values are numbered. */
async function transactions(howMany: number): Promise<void> {
  const { user, userDb } = pipeline;
  for (let i = 0; i < howMany; i++) {
    const n = ++count;
    await user.transaction('five rows', async (tx) => {
      for (let row = 0; row < ROWS; row++)
        await tx.write('one', `UPDATE ${userDb}.account SET nick = ? WHERE id = ?`, [
          `v${n}`,
          ((n * ROWS + row) % USERS) + 1,
        ]);
    });
  }
}

/** Transactions run while `work` does, and for a while before and after. */
async function beside(work: () => Promise<unknown>): Promise<void> {
  await transactions(20);
  let isDone = false;
  const running = (async () => {
    while (!isDone) await transactions(1);
  })();
  await work().finally(() => {
    isDone = true;
  });
  await running;
  await transactions(20);
}

async function expectEqual(): Promise<void> {
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  expect(await stepsBack(pipeline)).toBe('0');
  expect(daemon.process.exitCode).toBe(null);
}

test(
  'case 3: Kafka Connect is killed in the middle of transactions: nothing is lost, no copy goes back',
  async () => {
    for (let kill = 0; kill < SCALE.connectKills; kill++)
      await beside(async () => {
        await pipeline.stack.stop('connect', 'SIGKILL');
        await pipeline.stack.start('connect');
      });
    await expectEqual();
  },
  LONG_TIMEOUT_MS,
);

test(
  'case 41: the user database is killed and comes back, again and again: the daemon has its connector go on, no command by hand',
  async () => {
    for (let kill = 0; kill < SCALE.serverKills; kill++) {
      await transactions(20);
      await pipeline.stack.stop('user-mysql', 'SIGKILL');
      await pipeline.stack.start('user-mysql');
      await transactions(20);
    }
    await expectEqual();
  },
  LONG_TIMEOUT_MS,
);

test('case 41: a connector whose task has failed is restarted by the daemon', async () => {
  const { operations, configuration, connectorName, user } = pipeline;
  const account = `'${configuration.settings.source.user}'@'%'`;
  const taskStates = async () => (await operations.connect.status(connectorName))?.tasks.map(({ state }) => state);
  await user.write('locking out', `ALTER USER ${account} ACCOUNT LOCK`);
  await operations.connect.restart(connectorName, { onlyFailed: false });
  await expect.poll(taskStates, { timeout: DEADLINE_MS }).toEqual(['FAILED']);
  await user.write('letting in', `ALTER USER ${account} ACCOUNT UNLOCK`);
  await expect.poll(taskStates, { timeout: DEADLINE_MS }).toEqual(['RUNNING']);
  await transactions(20);
  await expectEqual();
});

test('case 43: binary logs that are purged before they were read halt the daemon until a new epoch begins', async () => {
  const { operations, configuration, connectorName, user } = pipeline;
  await operations.connect.stop(connectorName);
  await operations.connect.waitUntilStopped(connectorName, DEADLINE_MS);
  await transactions(20);
  await user.write('rotating', 'FLUSH BINARY LOGS');
  const logs = await user.rows('listing', 'SHOW BINARY LOGS');
  await user.write('purging', `PURGE BINARY LOGS TO '${logs.at(-1)?.Log_name}'`);
  await operations.connect.resume(connectorName);
  const kinds = async () => (await daemon.readiness()).troubles.map(({ kind }) => kind);
  await expect.poll(kinds, { timeout: DEADLINE_MS }).toContain('history_lost');

  await operations.beginEpoch(configuration.mapping.sources);
  await transactions(20);
  await expectEqual();
});

/** As a bad disk leaves it. */
const SPOILT: readonly [string, (log: Buffer) => void][] = [
  ['a part of it is zeros', (log) => log.fill(0, log.indexOf(`v${count - 10}`), log.indexOf(`v${count - 8}`))],
  ['one letter of one value is another', (log) => log.write('w', log.indexOf(`v${count - 10}`))],
];

test.each(SPOILT)(
  'case 43: a corrupt binary log (%s) stops the connector, loudly, and nothing behind it is read; purged, it halts until a new epoch begins',
  async (_, spoil) => {
    const { operations, configuration, connectorName, user, stack } = pipeline;
    const logs = async () => (await user.rows('listing', 'SHOW BINARY LOGS')).map(({ Log_name }) => String(Log_name));
    const kinds = async () => (await daemon.readiness()).troubles.map(({ kind }) => kind);
    await operations.connect.stop(connectorName);
    await operations.connect.waitUntilStopped(connectorName, DEADLINE_MS);
    await user.write('rotating', 'FLUSH BINARY LOGS');
    const spoilt = (await logs()).at(-1) ?? '';
    await transactions(20);
    await user.write('rotating', 'FLUSH BINARY LOGS');
    const file = join(stack.dataDir, 'user-mysql', 'data', spoilt);
    const log = await readFile(file);
    spoil(log);
    await writeFile(file, log);
    await transactions(20);
    await operations.connect.resume(connectorName);
    await expect.poll(kinds, { timeout: DEADLINE_MS }).toContain('connector_failed');
    const [behind] = await pipeline.friend.rows(
      'looking',
      `SELECT COUNT(*) AS n FROM ${pipeline.friendDb}.friend WHERE nick = ?`,
      [`v${count}`],
    );
    expect(Number(behind?.n)).toBe(0);

    // While it is being read it cannot be purged.
    const purge = async () => {
      await user.write('purging', `PURGE BINARY LOGS TO '${(await logs()).at(-1)}'`);
      return logs();
    };
    await expect.poll(purge, { timeout: DEADLINE_MS }).not.toContain(spoilt);
    await expect.poll(kinds, { timeout: DEADLINE_MS }).toContain('history_lost');
    await operations.beginEpoch(configuration.mapping.sources);
    await transactions(20);
    await expectEqual();
  },
);
