import type { Settings } from '@friend-sync/connectors';
import { createLogger, runDoctor } from '@friend-sync/sync-service';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hearCommand, runCommand } from '../support/command.ts';
import type { Daemon } from '../support/daemon.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const DEADLINE_MS = 60_000;

let pipeline: Pipeline;
let daemon: Daemon;

// With columns before, between and behind the mapped ones: a row that lacks some would look like one with others.
beforeAll(async () => {
  pipeline = await openPipeline({
    userTables: [
      `CREATE TABLE account (bio TEXT, id BIGINT PRIMARY KEY, nick VARCHAR(64), seen INT NOT NULL DEFAULT 0, avatar VARCHAR(64),
         city VARCHAR(64), phone VARCHAR(64))`,
    ],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), avatar VARCHAR(64), KEY (friend_id))',
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick, avatar: avatar } }] }`,
    settings: { watch: { intervalSeconds: 1 }, patrol: { intervalSeconds: 3_600 } },
  });
  const { user, friend, userDb, friendDb } = pipeline;
  await user.write(
    'users',
    `INSERT INTO ${userDb}.account (bio, id, nick, avatar) VALUES ('b',1,'Ann','a.png'),('b',2,'Bea',NULL)`,
  );
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3)`);
  daemon = await pipeline.startDaemon();
  await pipeline.settled();
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

async function copies(): Promise<Record<string, unknown>[]> {
  const { friend, friendDb } = pipeline;
  const rows = await friend.rows('looking', `SELECT friend_id AS id, nick, avatar FROM ${friendDb}.friend ORDER BY n`);
  return rows.map(({ id, nick, avatar }) => ({ id: Number(id), nick, avatar }));
}

test('case 35: a thousand changes of columns that are not mapped make no message and no write', async () => {
  const { user, userDb, operations } = pipeline;
  const ends = async () =>
    (await operations.progress()).map(({ topic, partition, endOffset }) => `${topic}/${partition} ${endOffset}`);
  const [before, position] = [await ends(), await friendPosition()];
  for (let n = 0; n < 1_000; n += 2)
    await user.write('unmapped', `UPDATE ${userDb}.account SET seen = seen + 1, phone = ?, bio = ?`, [`${n}`, `${n}`]);
  await pipeline.settled();
  expect(await ends()).toEqual(before);
  expect(await writtenSince(position)).toEqual([]);
});

test('case 83: on a running system doctor finds nothing but notes, and what is planted in Kafka and Connect by name; --fix mends it', async () => {
  const { configuration, connectorName, operations } = pipeline;
  expect(await runCommand(pipeline, 'doctor')).toEqual({ code: 0, data: [] });

  const topic = operations.topics[0] ?? '';
  const admin = new kafkajs.Kafka({ brokers: configuration.settings.kafka.brokers, logLevel: 1 }).admin();
  await admin.connect();
  const setTopic = (config: Record<string, string>) => {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }];
    return admin.alterConfigs({ validateOnly: false, resources });
  };
  const dead = `${topic}.dead-letter`;
  const config = (await operations.connect.config(connectorName)) ?? {};
  const log = createLogger('fatal');
  /** What an operator reads of it. */
  const found = async (settings: Partial<Settings> = {}) => {
    const changed = { ...configuration, settings: { ...configuration.settings, ...settings } };
    const findings = await runDoctor(changed, log);
    return findings.map(({ severity, part, what, mend }) => `${severity}: ${part}: ${what} | ${mend}`).join('\n');
  };
  try {
    await setTopic({ 'cleanup.policy': 'delete', 'delete.retention.ms': '1000', 'max.message.bytes': '9000' });
    await admin.deleteTopics({ topics: [dead] });
    await operations.connect.apply(connectorName, {
      ...config,
      'poll.interval.ms': '99',
      'friend.sync.mark': 'another',
    });
    await operations.connect.pause(connectorName);
    await expect
      .poll(() => operations.connect.status(connectorName), { timeout: DEADLINE_MS })
      .toMatchObject({ state: 'PAUSED' });
    const { connect } = configuration.settings;
    const told = await found({ connect: { ...connect, sourcePassword: '${env:FRIEND_SYNC_NOTHING}' } });
    for (const line of [
      `error: topic ${topic}: cleanup.policy is delete, and compact is wanted | kafka-configs.sh `,
      `warning: topic ${topic}: delete.retention.ms is 1000`,
      `warning: topic ${topic}: max.message.bytes is 9000`,
      `error: topic ${dead}: does not exist | friend-sync connectors apply`,
      `warning: connector ${connectorName}: is not what the configuration says: database.password, poll.interval.ms |`,
      `error: connector ${connectorName}: connector ${connectorName} or its task is PAUSED | friend-sync connectors resume`,
      `error: names: connector ${connectorName} is another system's`,
      `error: connector ${connectorName}, database.`,
    ])
      expect(told).toContain(line);
  } finally {
    // What is another system's, or stopped by somebody, is not doctor's to mend.
    await operations.connect.apply(connectorName, { ...config, 'poll.interval.ms': '99' });
    await operations.connect.resume(connectorName);
    await admin.disconnect();
  }
  expect(await hearCommand(pipeline, 'doctor', '--fix')).toMatchObject({
    code: 1,
    told: expect.stringContaining('nobody can be asked here: add --yes'),
  });
  expect(await found()).toContain('cleanup.policy is delete');
  await runCommand(pipeline, 'doctor', '--fix', '--yes');
  await daemon.ready();
  // A daemon says every few seconds how it fares.
  await expect.poll(() => found(), { timeout: DEADLINE_MS }).toBe('');
  expect(await found({ registry: { ...configuration.settings.registry, url: 'http://127.0.0.1:1' } })).toMatch(
    /^error: schema registry at http:\/\/127\.0\.0\.1:1: no schema registry answers at .*\nwarning: connector \S+: is not what the configuration says: value\.converter\.apicurio\.registry\.url \|.*$/,
  );
  expect(await found({ connect: { ...configuration.settings.connect, url: 'http://127.0.0.1:1' } })).toMatch(
    /^error: Kafka Connect at http:\/\/127\.0\.0\.1:1: Kafka Connect at \S+ does not answer[^\n]*$/,
  );
});

/** A row of the binary log that lacks columns, as sessions with these settings write it. */
const INCOMPLETE = [
  ['MINIMAL', "INSERT INTO ACCOUNT (id, nick, city, phone) VALUES (3, 'Cid', 'not an avatar', '')"],
  ['MINIMAL', "UPDATE ACCOUNT SET nick = 'Änn', avatar = 'b.png', city = 'not a nick', phone = '' WHERE id = 1"],
  ['NOBLOB', "UPDATE ACCOUNT SET nick = 'Beä' WHERE id = 2"],
] as const;

test.each(INCOMPLETE)(
  'case 29: a %s row image halts the daemon and writes nothing; a new epoch brings its values: %s',
  async (image, sql) => {
    const before = await copies();
    await write(image, sql);
    const { operations, configuration } = pipeline;
    await expect
      .poll(async () => (await daemon.readiness()).troubles, { timeout: DEADLINE_MS })
      .toContainEqual(
        expect.objectContaining({ kind: 'history_lost', problem: expect.stringContaining('binlog_row_image') }),
      );
    expect(await copies()).toEqual(before);

    await operations.beginEpoch(configuration.mapping.sources);
    await expect.poll(async () => (await pipeline.settled()).mismatches, { timeout: DEADLINE_MS }).toBe(0);
    await daemon.ready();
    expect(await copies()).not.toEqual(before);
  },
);

test('case 26: a TRUNCATE of the source stops nothing and changes no copy', async () => {
  const { user, userDb } = pipeline;
  const before = await copies();
  await user.write('truncating', `TRUNCATE ${userDb}.account`);
  await user.write('users', `INSERT INTO ${userDb}.account (id, nick) VALUES (1, 'Zoe')`);
  await pipeline.settled();
  expect(await copies()).toEqual([{ id: 1, nick: 'Zoe', avatar: null }, ...before.slice(1)]);
  expect((await daemon.readiness()).troubles).toEqual([]);
});

test('case 29: connectors apply refuses a user server whose row images are not full, and says so', async () => {
  const { user, operations, connectorName } = pipeline;
  await user.write('configuring', 'SET GLOBAL binlog_row_image = MINIMAL');
  try {
    await operations.connect.delete(connectorName);
    await expect(operations.applyConnectors(DEADLINE_MS)).rejects.toThrow(/binlog_row_image/);
  } finally {
    await user.write('configuring', 'SET GLOBAL binlog_row_image = FULL');
  }
  await operations.connect.restart(connectorName, { onlyFailed: true });
  await operations.applyConnectors(DEADLINE_MS);
});

/** In one round trip, so on one connection. */
async function write(image: string, sql: string): Promise<void> {
  const { user, userDb } = pipeline;
  const statement = sql.replace('ACCOUNT', `${userDb}.account`);
  await user.rows(
    'a session of its own kind',
    `SET SESSION binlog_row_image = ${image}; ${statement}; SET SESSION binlog_row_image = FULL`,
  );
}

/** Where the friend server's binary log ends. */
async function friendPosition(): Promise<{ file: string; position: number }> {
  const logs = await pipeline.friend.rows('position', 'SHOW BINARY LOGS');
  return { file: String(logs.at(-1)?.Log_name), position: Number(logs.at(-1)?.File_size) };
}

/** Each table that was written to since then, but for the two that the daemon writes by the clock. */
async function writtenSince({ file, position }: { file: string; position: number }): Promise<string[]> {
  const { friend, configuration } = pipeline;
  const { stateDatabase } = configuration.settings.target;
  const events = await friend.rows('writes', `SHOW BINLOG EVENTS IN '${file}' FROM ${position}`);
  const tables = events.flatMap(({ Info }) => String(Info).match(/^table_id: \d+ \((.*)\)$/)?.[1] ?? []);
  const byTheClock = ['server_state', 'round', 'read_look', 'daemon'].map((table) => `${stateDatabase}.${table}`);
  return [...new Set(tables)].filter((table) => !byTheClock.includes(table));
}
