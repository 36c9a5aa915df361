import mysql from 'mysql2/promise';
import { expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import type { Daemon } from '../support/daemon.ts';
import { createUsers, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { logNumber, openPair, switchOver } from '../support/replica.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 30;
const DEADLINE_MS = 60_000;

const connectorOf = ({ connectorName }: Pipeline) => connectorName;

async function updateAll(pipeline: Pipeline, round: number): Promise<void> {
  for (let n = 0; n < USERS; n++) await update(pipeline, round * USERS + n, USERS);
}

const halted = (daemon: Daemon, reason: RegExp) =>
  expect
    .poll(
      async () => (await daemon.readiness()).troubles.map(({ kind, problem }) => `${kind}: ${problem}`).join('\n'),
      {
        timeout: DEADLINE_MS,
      },
    )
    .toMatch(reason);

async function beginEpoch({ operations, configuration }: Pipeline): Promise<void> {
  await operations.beginEpoch(configuration.mapping.sources);
}

async function stop(pipeline: Pipeline): Promise<void> {
  const { connect } = pipeline.operations;
  await connect.stop(connectorOf(pipeline));
  await connect.waitUntilStopped(connectorOf(pipeline), DEADLINE_MS);
}

async function resume(pipeline: Pipeline): Promise<void> {
  const { connect } = pipeline.operations;
  await connect.resume(connectorOf(pipeline));
  await connect.waitUntilRunning(connectorOf(pipeline), DEADLINE_MS);
}

test('case 96: statements, XA transactions and new binary logs hold up no barrier of a quiet server', async () => {
  await using pipeline = await openPipeline();
  const { operations, userDb, stack } = pipeline;
  await createUsers(pipeline, USERS);
  await pipeline.startDaemon();
  await updateAll(pipeline, 1);
  await pipeline.settled();
  const { host, port } = stack.userMysql;
  // A prepared transaction is anybody's once its session has ended.
  const run = async (...statements: string[]) => {
    const session = await mysql.createConnection({ host, port, user: 'root' });
    for (const statement of statements) await session.query(statement);
    await session.end();
  };
  const prepare = (id: number) => [
    `XA START 'x${id}'`,
    `INSERT INTO ${userDb}.account (id, nick) VALUES (${id}, 'prepared')`,
    `XA END 'x${id}'`,
    `XA PREPARE 'x${id}'`,
  ];
  for (const statements of [
    [`ALTER TABLE ${userDb}.account COMMENT 'a'`],
    ['FLUSH BINARY LOGS'],
    [`GRANT SELECT ON ${userDb}.account TO CURRENT_USER()`, 'FLUSH TABLES'],
    prepare(901),
    [`XA COMMIT 'x901'`],
    prepare(902),
    ['FLUSH BINARY LOGS'],
    [`XA ROLLBACK 'x902'`],
    [
      `ALTER TABLE ${userDb}.account COMMENT 'b'`,
      'FLUSH BINARY LOGS',
      'PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY',
    ],
    ["SET gtid_next = 'automatic:tag'", `ALTER TABLE ${userDb}.account COMMENT 'c'`],
  ]) {
    await run(...statements);
    await operations.passBarrier(DEADLINE_MS);
  }
  await updateAll(pipeline, 2);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('case 96: a user server that is replaced by a replica with a shorter log of the same name, the connector down: the barrier waits, and says for what', async () => {
  await using pair = await openPair('user-mysql');
  const { primary, replica } = pair;
  await using way = await TcpProxy.open(primary.port);
  await using pipeline = await openPipeline({ ...TABLES, ports: { user: way.port } });
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await updateAll(pipeline, 1);
  await pipeline.settled();
  while ((await logNumber(primary)) < (await logNumber(replica)))
    await primary.database.write('rotating', 'FLUSH BINARY LOGS');
  await updateAll(pipeline, 2);
  await pipeline.settled();
  await stop(pipeline);
  await replica.database.rows('catching up', 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)', [
    (await primary.database.rows('looking', 'SELECT @@global.gtid_executed AS gtids'))[0]?.gtids,
  ]);
  while ((await logNumber(replica)) < (await logNumber(primary)))
    await replica.database.write('rotating', 'FLUSH BINARY LOGS');
  await switchOver(primary, replica);
  way.target = replica.port;
  way.reset();
  await update({ ...pipeline, user: replica.database }, 7, USERS);

  const pass = () => pipeline.operations.passBarrier(2_000).then(() => 'passed', String);
  await expect.poll(pass, { timeout: DEADLINE_MS }).toMatch(/the place is another server's/);
  await resume(pipeline);
  await expect.poll(pass, { timeout: DEADLINE_MS }).toBe('passed');
  await update({ ...pipeline, user: replica.database }, 8, USERS);
  const settled = () => pipeline.settled().catch(String);
  await expect.poll(settled, { timeout: DEADLINE_MS }).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  await daemon.ready();
  // What the test leaves behind is removed from the primary.
  await switchOver(replica, primary);
});

test('case 96: transactions that are added to gtid_purged by hand are named, and a new epoch leads out', async () => {
  await using pipeline = await openPipeline();
  const { operations, user } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await updateAll(pipeline, 1);
  await pipeline.settled();
  await user.write('by hand', "SET GLOBAL gtid_purged = '+dddddddd-dddd-dddd-dddd-dddddddddddd:1-5'");
  await expect(operations.passBarrier(2_000)).rejects.toThrow(/added to gtid_purged/);
  await halted(daemon, /history_lost: .*added to gtid_purged.*epoch new account --execute/);
  await beginEpoch(pipeline);
  await updateAll(pipeline, 2);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
});

test('case 61: a connector whose offsets were deleted, and that begins at the present, is noticed, at work or while no daemon runs; a new epoch leads out', async () => {
  await using pipeline = await openPipeline();
  const { operations } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await updateAll(pipeline, 1);
  await pipeline.settled();
  await stop(pipeline);
  await updateAll(pipeline, 2);
  await operations.connect.deleteOffsets(connectorOf(pipeline));
  const told = /history_lost: .*has lost its position.*epoch new account --execute/;
  await halted(daemon, told);
  await resume(pipeline);
  // It stands at the present, like one that has read everything.
  await operations.connect.waitUntilPositioned(connectorOf(pipeline), DEADLINE_MS);
  await halted(daemon, told);
  await beginEpoch(pipeline);
  await updateAll(pipeline, 3);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });

  // The same while no daemon runs.
  expect(await daemon.kill('SIGTERM')).toBe(0);
  await stop(pipeline);
  await updateAll(pipeline, 4);
  await operations.connect.deleteOffsets(connectorOf(pipeline));
  await resume(pipeline);
  await operations.connect.waitUntilPositioned(connectorOf(pipeline), DEADLINE_MS);
  await halted(await pipeline.launchDaemon(), told);
  await beginEpoch(pipeline);
  // What was skipped, the epoch's round finds.
  const differing = async () => (await pipeline.settled()).mismatches;
  await expect.poll(differing, { timeout: DEADLINE_MS }).toBe(0);
});

test('case 65: offsets that are moved forward while the daemon runs, and while it does not, are followed', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration } = pipeline;
  const { sources } = configuration.mapping;
  await createUsers(pipeline, USERS);
  let daemon = await pipeline.startDaemon();
  await updateAll(pipeline, 1);
  await pipeline.settled();
  const skip = async () => {
    for (const round of [2, 3, 4]) await updateAll(pipeline, round);
    const { connect } = operations;
    await expect.poll(async () => (await connect.status(connectorOf(pipeline)))?.state).toBe('RUNNING');
    await operations.executeReset(await operations.planReset(sources, { kind: 'latest' }), 'accept loss');
  };
  await skip();
  await daemon.ready();
  expect(await daemon.kill('SIGTERM')).toBe(0);
  await skip();
  daemon = await pipeline.startDaemon();
  await updateAll(pipeline, 5);
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  await daemon.ready();
  expect(daemon.output()).not.toMatch(/another log/);
});
