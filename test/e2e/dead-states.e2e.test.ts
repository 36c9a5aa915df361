import { changeTopic, heartbeatTopic } from '@friend-sync/connectors';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createRows } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { TWO_SOURCES } from '../support/tables.ts';

const DEADLINE_MS = 60_000;

let pipeline: Pipeline;
let daemon: Daemon;
let count = 0;

// Two sources: what is done to the connector of the first must not be felt by the second.
beforeAll(async () => {
  pipeline = await openPipeline({ ...TWO_SOURCES, settings: { watch: { intervalSeconds: 1 } } });
  await createRows(pipeline);
  daemon = await pipeline.startDaemon();
  await pipeline.operations.backfill(pipeline.configuration.mapping.sources, DEADLINE_MS);
  await pipeline.settled();
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

const run = (sql: string) => pipeline.user.rows('a statement', sql.replaceAll('USER', pipeline.userDb));
const change = () => run(`UPDATE USER.account SET nick = 'v${++count}' WHERE id = 1`);
const connect = () => pipeline.operations.connect;
async function beginEpoch(onStep?: (step: string) => void): Promise<void> {
  await pipeline.operations.beginEpoch(pipeline.configuration.mapping.sources.slice(0, 1), onStep);
}

async function stop(): Promise<void> {
  await connect().stop(pipeline.connectorName);
  await connect().waitUntilStopped(pipeline.connectorName, DEADLINE_MS);
}

/** The connector with another configuration than the product gives it. */
async function reconfigure(changed: Record<string, string>): Promise<void> {
  const config = await connect().config(pipeline.connectorName);
  // Stopped first: the task that runs with the former one would still look as if it were the new one.
  await stop();
  await connect().apply(pipeline.connectorName, { ...config, ...changed });
  await connect().resume(pipeline.connectorName);
  await connect().waitUntilRunning(pipeline.connectorName, DEADLINE_MS);
}

const hasFailed = () =>
  expect
    .poll(async () => (await connect().status(pipeline.connectorName))?.tasks.map(({ trace }) => trace ?? ''), {
      timeout: DEADLINE_MS * 2,
      interval: 200,
    })
    .toContainEqual(expect.stringContaining('xception'));

async function withAdmin(work: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [pipeline.stack.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await work(admin).finally(() => admin.disconnect());
}

const ANSI = "SET SESSION sql_mode = 'ANSI_QUOTES'";
const BACK = 'SET SESSION sql_mode = DEFAULT';

/** Each leaves the connector of the first source where it cannot go on by itself, or where it would go on wrong. */
const DEAD_STATES: readonly [string, () => Promise<unknown>][] = [
  [
    'a DDL that it cannot parse, and was not told to skip',
    async () => {
      await reconfigure({ 'schema.history.internal.skip.unparseable.ddl': 'false' });
      await run(`${ANSI}; CREATE TABLE USER."orders" ("id" INT PRIMARY KEY); DROP TABLE USER."orders"; ${BACK}`);
      await change();
      await hasFailed();
    },
  ],
  [
    'a DDL of the mapped table that it has skipped, and rows with a column more',
    async () => {
      await run(`${ANSI}; ALTER TABLE USER."account" ADD COLUMN "bio" INT FIRST; ${BACK}`);
      await change();
      await hasFailed();
    },
  ],
  [
    'a message that is too large',
    async () => {
      await reconfigure({ 'column.truncate.to.16384.chars': 'none' });
      await run("UPDATE USER.account SET nick = REPEAT('x', 1200000) WHERE id = 1");
      await hasFailed();
      await change();
    },
  ],
  [
    'binary logs that are purged',
    async () => {
      await stop();
      await change();
      // The other one reads on, and may hold the log for a moment.
      await run('FLUSH BINARY LOGS');
      const [log] = (await run('SHOW BINARY LOGS')).slice(-1);
      const purge = async () => {
        await run(`PURGE BINARY LOGS TO '${log?.Log_name}'`);
        return (await run('SHOW BINARY LOGS')).length;
      };
      await expect.poll(purge, { timeout: DEADLINE_MS }).toBe(1);
      await connect().resume(pipeline.connectorName);
      await hasFailed();
    },
  ],
  [
    'a schema history that is deleted',
    async () => {
      const config = await connect().config(pipeline.connectorName);
      const topic = config?.['schema.history.internal.kafka.topic'] ?? '';
      await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
      await connect().restart(pipeline.connectorName, { onlyFailed: false });
      await hasFailed();
    },
  ],
  [
    'offsets that are deleted',
    async () => {
      await stop();
      await change();
      await connect().deleteOffsets(pipeline.connectorName);
      await connect().resume(pipeline.connectorName);
      await connect().waitUntilPositioned(pipeline.connectorName, DEADLINE_MS);
    },
  ],
  [
    'deleted',
    async () => {
      await connect().delete(pipeline.connectorName);
      await change();
    },
  ],
];

/** A change of the second source is applied while the first one's connector is as it is. */
async function otherGoesOn(): Promise<void> {
  const { friend, friendDb } = pipeline;
  const title = `t${++count}`;
  await run(`UPDATE USER.team SET title = '${title}'`);
  const titles = async () => (await friend.rows('looking', `SELECT title FROM ${friendDb}.member`)).map((r) => r.title);
  await expect.poll(titles, { timeout: DEADLINE_MS }).toEqual([title, title]);
}

async function isEqualAgain(): Promise<void> {
  await change();
  expect(await pipeline.settled()).toMatchObject({ copies: 4, mismatches: 0 });
  await daemon.ready();
}

/** What Debezium's parser refuses, in the mapped tables' schema and in another. */
const REFUSED_DDL = [
  `${ANSI}; CREATE TABLE USER."odd" ("id" INT PRIMARY KEY); ${BACK}`,
  `SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'; CREATE TABLE USER.path (a VARCHAR(9) DEFAULT 'c:\\', b INT); ${BACK}`,
  `CREATE DATABASE OTHER; ${ANSI}; CREATE TABLE OTHER."odd" ("id" INT PRIMARY KEY); ${BACK}; DROP DATABASE OTHER`,
];

test.each(REFUSED_DDL)('case 89: a DDL that the connector cannot parse stops nothing: %s', async (sql) => {
  await run(sql.replaceAll('OTHER', `${pipeline.userDb}_other`));
  await isEqualAgain();
  await otherGoesOn();
});

test('case 90: a value of a size that no message has stops nothing; what comes after it arrives', async () => {
  await run("UPDATE USER.account SET nick = REPEAT('x', 1200000) WHERE id = 1");
  await run("UPDATE USER.account SET nick = REPEAT('y', 1200000) WHERE id = 1");
  await isEqualAgain();
});

test.each(DEAD_STATES)(
  'case 91: a new epoch leads out of this state of a connector, while the other source goes on: %s',
  async (_, make) => {
    await make();
    await otherGoesOn();
    await beginEpoch();
    await isEqualAgain();
  },
);

test('case 91: a new epoch that Connect’s death has broken off names the step; nobody takes the source for followed, until connectors apply ends it', async () => {
  const { stack, operations } = pipeline;
  const broken = beginEpoch((step) => {
    if (step.includes('offsets')) stack.kill('connect');
  });
  await expect(broken).rejects.toThrow(/^step \d of \d+, deleting its offsets: Kafka Connect .* does not answer/);
  await stack.stop('connect', 'SIGKILL');
  await stack.start('connect');
  expect([...(await operations.historyLost()).keys()]).toEqual(['account']);
  const troubles = async () => (await daemon.readiness()).troubles.map(({ kind }) => kind);
  await expect.poll(troubles, { timeout: DEADLINE_MS }).toContain('history_lost');

  const { connectors } = await operations.applyConnectors(DEADLINE_MS);
  expect(connectors.map(({ outcome }) => outcome)).toEqual(['unchanged', 'begun anew', 'unchanged']);
  await isEqualAgain();
});

test('case 91: topics that are missing are named, although the connector looks as if it ran; a new epoch creates them', async () => {
  const { configuration, operations } = pipeline;
  const { settings, mapping } = configuration;
  const heartbeats = heartbeatTopic(settings.kafka.topicPrefix, 'account');
  for (const topic of [...mapping.sources.map((source) => changeTopic(settings, source)).slice(0, 1), heartbeats]) {
    await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await change();
    const problems = async () => (await daemon.readiness()).troubles.map(({ problem }) => problem);
    await expect.poll(problems, { timeout: DEADLINE_MS }).toContainEqual(`topic ${topic} does not exist`);
    await operations.beginEpoch(mapping.sources);
    await isEqualAgain();
  }
});
