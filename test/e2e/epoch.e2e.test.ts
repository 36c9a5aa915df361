import { changeTopic } from '@friend-sync/connectors';
import { createLogger } from '@friend-sync/sync-service';
import kafkajs, { type Admin } from 'kafkajs';
import { expect, test } from 'vitest';
import { openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { runCommand } from '../support/command.ts';
import type { Daemon } from '../support/daemon.ts';
import { createUsers, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 60;
const DEADLINE_MS = 60_000;
/** The pipelines of these tests look every second whether a server went back. */
const OPTIONS = { ...TABLES, settings: { watch: { intervalSeconds: 1 } } };

const topicOf = ({ configuration: { settings, mapping } }: Pipeline) =>
  mapping.sources.map((s) => changeTopic(settings, s))[0] ?? '';

async function withAdmin(pipeline: Pipeline, work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = new kafkajs.Kafka({
    brokers: [pipeline.stack.kafkaBrokers],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  await work(admin).finally(() => admin.disconnect());
}

async function createTopic({ configuration }: Pipeline, topic: string): Promise<void> {
  const { kafka } = configuration.settings;
  await using admin = openKafkaAdmin(createKafka(kafka, createLogger('fatal')));
  await admin.ensureTopics([{ topic, partitions: 3, replicationFactor: 1, config: {} }]);
}

/** Every user once. */
async function updateAll(pipeline: Pipeline, round: number): Promise<void> {
  for (let n = 0; n < USERS; n++) await update(pipeline, round * USERS + n, USERS);
}

const halted = (daemon: Daemon, kind: string) =>
  expect
    .poll(async () => (await daemon.readiness()).troubles.map((trouble) => trouble.kind), { timeout: DEADLINE_MS })
    .toContain(kind);

async function beginEpoch({ operations, configuration }: Pipeline): Promise<void> {
  await operations.beginEpoch(configuration.mapping.sources);
}

test('case 11: a topic that was re-created and has grown halts the daemon until a new epoch begins', async () => {
  await using pipeline = await openPipeline(OPTIONS);
  const { operations, connectorName } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();

  await operations.connect.stop(connectorName);
  await operations.connect.waitUntilStopped(connectorName, DEADLINE_MS);
  const topic = topicOf(pipeline);
  await withAdmin(pipeline, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await expect.poll(async () => (await admin.listTopics()).includes(topic)).toBe(false);
  });
  await createTopic(pipeline, topic);
  await operations.connect.resume(connectorName);
  for (const round of [1, 2, 3]) await updateAll(pipeline, round);
  await halted(daemon, 'topic_replaced');

  await beginEpoch(pipeline);
  await updateAll(pipeline, 4);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('case 11: a topic that was given more partitions halts the daemon that reads it, and one that starts, until a new epoch begins', async () => {
  await using pipeline = await openPipeline(OPTIONS);
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();

  await withAdmin(pipeline, (admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: topicOf(pipeline), count: 6 }] }),
  );
  await updateAll(pipeline, 1);
  await halted(daemon, 'topic_replaced');
  const another = await pipeline.launchDaemon();
  await halted(another, 'topic_replaced');

  await beginEpoch(pipeline);
  await updateAll(pipeline, 2);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  await Promise.all([daemon.ready(), another.ready()]);
});

test('case 42: a user server that was set back halts the daemon until a new epoch begins', async () => {
  await using pipeline = await openPipeline(OPTIONS);
  const { user, friend, configuration, connectorName } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  const [now] = await user.rows('position', "SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS gtids");
  const { stateDatabase } = configuration.settings.target;
  await expect
    .poll(async () => friend.rows('what was seen', `SELECT gtid_executed AS gtids FROM ${stateDatabase}.server_state`))
    .toContainEqual(now);

  await user.write('setting it back', 'RESET BINARY LOGS AND GTIDS');
  await updateAll(pipeline, 1);
  await halted(daemon, 'history_lost');

  const offsets = (...args: string[]) => runCommand(pipeline, 'connectors', 'offsets', ...args);
  const { data: places } = await offsets('show');
  expect(places).toContainEqual(expect.objectContaining({ connector: connectorName, gtids: expect.any(String) }));
  const plan = { code: 0, data: { executed: false, sources: [{ historyLost: expect.any(String) }] } };
  expect(await offsets('reset', connectorName)).toMatchObject(plan);
  expect(await offsets('reset', connectorName, '--execute')).toMatchObject({ code: 0, data: { executed: true } });
  await updateAll(pipeline, 2);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});
