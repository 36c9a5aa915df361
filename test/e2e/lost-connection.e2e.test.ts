import { setTimeout as delay } from 'node:timers/promises';
import { heartbeatTopic, storedGtids } from '@friend-sync/connectors';
import { createLogger } from '@friend-sync/sync-service';
import { expect, test, vi } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { containsGtids, gtidSet } from '../../sync-service/src/infrastructure/mysql/server/gtid-set.ts';
import { createUsers, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const FEW = 20;
const ROWS = 20_000;
/** Of a connector that is heard at several looks, two seconds apart: each heartbeat is one, and the end of its transaction. */
const STEADY_MESSAGES = 32;
const SOON = { timeout: PATIENCE_MS, interval: 100 };
/** Minutes away: what becomes equal here, the patrol has not made equal. */
const NO_PATROL = { patrol: { intervalSeconds: 3_600 } };

test('case 96: a statement of many rows counts as sent when all of them are, although Kafka stands still meanwhile', async () => {
  await using pipeline = await openPipeline();
  const { user, userDb, stack, operations, connectorName } = pipeline;
  await createUsers(pipeline, ROWS);
  const isAllSent = async () => {
    const [executed] = await user.rows('reading gtid_executed', 'SELECT @@global.gtid_executed AS gtids');
    const stored = storedGtids(await operations.connect.offsets(connectorName));
    return containsGtids(user, stored ?? '', gtidSet(executed?.gtids));
  };
  await vi.waitUntil(isAllSent, SOON);
  const before = await countMessages(pipeline);
  await user.write('all', `UPDATE ${userDb}.account SET nick = CONCAT('all ', id), avatar = REPEAT('x', 200)`);
  stack.kill('kafka', 'SIGSTOP');
  await delay(3_000); // the length of the fault is what is tested
  stack.kill('kafka', 'SIGCONT');
  await vi.waitUntil(isAllSent, SOON);
  expect(await countMessages(pipeline)).toBeGreaterThanOrEqual(before + ROWS);
});

/** Of all partitions, by default of the first change topic; the ends of transactions are among them. */
async function countMessages(
  { operations, configuration }: Pipeline,
  topic = operations.topics[0] ?? '',
): Promise<number> {
  await using admin = openKafkaAdmin(createKafka(configuration.settings.kafka, createLogger('fatal')));
  const ends = await admin.endOffsets(topic);
  return [...ends.values()].reduce((sum, end) => sum + Number(end), 0);
}

test('case 41: a connector that has lost its server without a word is named and restarted', async () => {
  await using way = await TcpProxy.open();
  const options = { ...TABLES, settings: NO_PATROL, ports: { user: way.port } };
  await using pipeline = await openPipeline(options, async ({ user }) => {
    const [server] = await user.rows('asking for its port', 'SELECT @@port AS port');
    way.target = Number(server?.port);
  });
  const { user, configuration } = pipeline;
  await createUsers(pipeline, FEW);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  const problems = async () => (await daemon.readiness()).troubles.map(({ problem }) => problem);
  const isSilent = `connector ${pipeline.connectorName} runs and says nothing`;

  // One that has just begun is given much more time to be silent.
  const heartbeats = () => countMessages(pipeline, heartbeatTopic(configuration.settings.kafka.topicPrefix, 'account'));
  const runsSteadily = async () => {
    const heard = await heartbeats();
    await expect.poll(heartbeats, SOON).toBeGreaterThan(heard + STEADY_MESSAGES);
  };
  await runsSteadily();
  const connections = await user.rows('listing', 'SHOW PROCESSLIST');
  const isOurs = ({ User, Command }: Record<string, unknown>) =>
    User === configuration.settings.source.user && String(Command).startsWith('Binlog Dump');
  const dump = connections.find(isOurs);
  await user.write('closing', 'KILL ?', [Number(dump?.Id)]);
  await update(pipeline, 1, FEW);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });

  await runsSteadily();
  way.stall();
  await expect.poll(problems, { ...SOON, timeout: 240_000 }).toContainEqual(isSilent);
  way.heal();
  await update(pipeline, 2, FEW);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await expect.poll(async () => (await daemon.readiness()).troubles, SOON).toEqual([]);
});
