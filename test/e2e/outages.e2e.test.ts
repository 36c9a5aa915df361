import { setTimeout as delay } from 'node:timers/promises';
import { openStack, type PartName } from '@friend-sync/local-stack';
import { expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { createUsers, startLoad, update } from '../support/load.ts';
import { ownStack } from '../support/own-stack.ts';
import { openPipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, longTest, SCALE } from '../support/scale.ts';

const USERS = 200;
const AT_ONCE = 4;
const BARRIER_MS = 120_000;

longTest('case 13: a daemon killed during 2,000 updates loses nothing', async () => {
  await using pipeline = await openPipeline();
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  for (let n = 0; n < 2_000; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => update(pipeline, n + i, USERS)));
    if (n === 1_000) await daemon.kill('SIGKILL');
    if (n === 1_500) await pipeline.startDaemon();
  }
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

longTest('case 14: two daemons share the work, and one that stops in order leaves it to the other', async () => {
  await using pipeline = await openPipeline();
  await createUsers(pipeline, USERS);
  const [first] = await Promise.all([pipeline.startDaemon(), pipeline.startDaemon()]);
  await using load = startLoad(pipeline, USERS);
  await delay(2_000); // load, not a condition: something must be under way when it stops
  expect(await first.kill('SIGTERM')).toBe(0);
  await load.stop();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});

const OUTAGES: readonly { signal?: NodeJS.Signals; awayMs: number }[] = [
  { awayMs: 0 },
  { signal: 'SIGKILL', awayMs: SCALE.partAwayMs },
];

const THROUGH_OUTAGES =
  '%s stopped in order, then killed and away for a while, during updates: everything arrives, no command by hand';

async function throughOutages(_: string, part: PartName): Promise<void> {
  await using pipeline = await openPipeline();
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await using load = startLoad(pipeline, USERS);
  for (const { signal, awayMs } of OUTAGES) {
    await pipeline.stack.stop(part, signal);
    await delay(awayMs); // the length of the outage is what is tested
    await pipeline.stack.start(part);
    await pipeline.operations.passBarrier(BARRIER_MS);
  }
  expect(await load.stop()).toBeGreaterThan(0);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  expect(daemon.process.exitCode).toBe(null);
  expect(await daemon.metric('friend_sync_dead_letters_total')).toBe(0);
  await expect.poll(async () => (await daemon.readiness()).ready, { timeout: 60_000 }).toBe(true);
}

test.each<[string, PartName]>([['case 24: the registry', 'registry']])(
  THROUGH_OUTAGES,
  throughOutages,
  LONG_TIMEOUT_MS,
);
longTest.each<[string, PartName]>([
  ['case 19: Kafka', 'kafka'],
  ['case 47: the friend database', 'friend-mysql'],
])(THROUGH_OUTAGES, throughOutages, LONG_TIMEOUT_MS);

test(
  'case 19: while Kafka is slow, cut off, frozen, stopped in order, and killed, the daemon waits, and goes on by itself',
  async () => {
    const { port, advertised } = ownStack().proxiedKafka;
    await using link = await TcpProxy.open(port, advertised);
    await using pipeline = await openPipeline();
    const { stack, operations } = pipeline;
    await createUsers(pipeline, USERS);
    const daemon = await pipeline.startDaemon({ FRIEND_SYNC_KAFKA__BROKERS: `127.0.0.1:${advertised}` });
    await using load = startLoad(pipeline, USERS);
    link.slow(100);
    await operations.passBarrier(BARRIER_MS);
    link.cut();
    await delay(SCALE.brokerAwayMs / 2); // the length of the fault is what is tested
    const stored = await daemon.metric('friend_sync_messages_total');
    await delay(SCALE.brokerAwayMs / 2);
    expect(await daemon.metric('friend_sync_messages_total')).toBe(stored);
    link.heal();
    await operations.passBarrier(BARRIER_MS);
    stack.kill('kafka', 'SIGSTOP');
    await delay(SCALE.brokerAwayMs);
    stack.kill('kafka', 'SIGCONT');
    await operations.passBarrier(BARRIER_MS);
    for (let end = 0; end <= SCALE.brokerKills; end++) {
      await stack.stop('kafka', end === 0 ? undefined : 'SIGKILL');
      await stack.start('kafka');
      await operations.passBarrier(BARRIER_MS);
    }
    await load.stop();
    expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
    expect(daemon.process.exitCode).toBe(null);
    await daemon.ready();
  },
  LONG_TIMEOUT_MS,
);

test('case 24: a schema registered just before the registry is killed is there after it', async () => {
  const stack = await openStack({ dataDir: ownStack().dataDir, detached: true });
  const url = `${stack.registryUrl}/apis/ccompat/v7`;
  for (const name of ['first', 'second', 'third']) {
    const schema = JSON.stringify({ type: 'record', name, fields: [] });
    const registered = await fetch(`${url}/subjects/${name}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schema }),
    });
    const { id } = (await registered.json()) as { id: number };
    await stack.stop('registry', 'SIGKILL');
    await stack.start('registry');
    const read = (await (await fetch(`${url}/schemas/ids/${id}`)).json()) as { schema: string };
    expect(JSON.parse(read.schema)).toEqual(JSON.parse(schema));
  }
});
