import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hearCommand } from '../support/command.ts';
import { createUsers, update } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const USERS = 20;
const SOON = { timeout: PATIENCE_MS, interval: 100 };
/** Longer than the looks that the daemon takes at each part, every two or three seconds. */
const SILENT_MS = 5_000;
const PATIENT = ['--deadline', '3600'];
const BRIEF = ['--deadline', '6'];

test('case 76: who waits for a daemon or a connector is told at once that it is not there', async () => {
  await using pipeline = await openPipeline();
  await createUsers(pipeline, USERS);
  const { operations, connectorName } = pipeline;
  const noDaemon = { code: 75, told: expect.stringContaining('no daemon runs') };
  expect(await hearCommand(pipeline, 'verify', ...PATIENT)).toEqual(noDaemon);
  expect(await hearCommand(pipeline, 'backfill', '--keys', '1', '--wait', ...PATIENT)).toEqual(noDaemon);
  expect(await hearCommand(pipeline, 'backfill', '--all', '--wait', ...PATIENT)).toEqual(noDaemon);
  const atOnce = 'nothing is read before this is mended: no daemon runs';
  expect((await hearCommand(pipeline, 'backfill', '--all')).told).toContain(atOnce);

  const daemon = await pipeline.startDaemon();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await operations.pause();
  await expect.poll(async () => (await daemon.readiness()).troubles, SOON).toMatchObject([{ kind: 'fan_out_paused' }]);
  await update(pipeline, 1, USERS);
  expect((await hearCommand(pipeline, 'verify', ...BRIEF)).told).toContain(
    'waiting: keys are pending: fan-out is paused',
  );
  await operations.resume();
  await operations.connect.stop(connectorName);
  // Until then it may send the change, and would only not say so.
  await operations.connect.waitUntilStopped(connectorName, 60_000);
  await update(pipeline, 2, USERS);
  const stopped = await hearCommand(pipeline, 'verify', ...BRIEF);
  expect(stopped.told).toMatch(
    /^waiting: the connector \S+ has not sent .*; connector \S+ or its task is STOPPED; friend-sync connectors resume/m,
  );
  const backfilled = await hearCommand(pipeline, 'backfill', '--all', '--wait', ...BRIEF);
  expect(backfilled.told).toMatch(
    /^not caught up .*the round over \S+ has not ended; connector \S+ or its task is STOPPED/m,
  );
  await operations.connect.delete(connectorName);
  const missing = {
    code: 75,
    told: expect.stringContaining(`there is no connector ${connectorName}; friend-sync connectors apply`),
  };
  expect(await hearCommand(pipeline, 'verify', ...PATIENT)).toEqual(missing);
  await operations.applyConnectors(60_000);
  expect(await hearCommand(pipeline, 'backfill', '--all', '--wait', ...PATIENT)).toMatchObject({ code: 0 });
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});

const PARTS = ['user-mysql', 'friend-mysql', 'kafka', 'registry', 'connect'] as const;
const VERIFY = 'verify --deadline 2';
const ANYTHING = /$/;
/** What is asked while a part is silent, and what it tells: `status` asks no user server, and of commands only `connectors apply` asks the registry. */
const ASKED: Readonly<Record<(typeof PARTS)[number], readonly (readonly [string, RegExp])[]>> = {
  'user-mysql': [[VERIFY, /user database|server of \S+ does not answer/]],
  'friend-mysql': [
    [VERIFY, /friend database|server of \S+ does not answer/],
    ['status', ANYTHING],
  ],
  kafka: [
    [VERIFY, /Kafka has not answered|Kafka does not/],
    ['status', ANYTHING],
  ],
  registry: [],
  connect: [
    [VERIFY, /Kafka Connect does not answer/],
    ['status', ANYTHING],
  ],
};

test('case 76: a daemon that is told to stop ends in order, at work or at its start, and a command within its deadline, whichever server does not answer', async () => {
  await using pipeline = await openPipeline();
  const { stack } = pipeline;
  await createUsers(pipeline, USERS);
  for (const [n, part] of PARTS.entries()) {
    const atWork = await pipeline.startDaemon();
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
    stack.kill(part, 'SIGSTOP');
    try {
      // So that there is something to be decoded, read and written.
      if (part !== 'user-mysql') await update(pipeline, n, USERS);
      const starting = await pipeline.launchDaemon();
      // Before that nobody listens to signals.
      await expect.poll(() => starting.output(), { timeout: PATIENCE_MS }).toContain('starting');
      const hear = async ([command, told]: readonly [string, RegExp]) => {
        const heard = await hearCommand(pipeline, ...command.split(' '));
        expect([part, command, heard]).toEqual([part, command, { code: 75, told: expect.stringMatching(told) }]);
      };
      // The length of the fault is what is tested.
      await Promise.all([delay(SILENT_MS), ...ASKED[part].map(hear)]);
      const codes = await Promise.all([atWork, starting].map((daemon) => daemon.kill('SIGTERM')));
      expect([part, ...codes]).toEqual([part, 0, 0]);
    } finally {
      stack.kill(part, 'SIGCONT');
    }
  }
  await pipeline.startDaemon();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});
