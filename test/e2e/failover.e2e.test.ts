import { expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import type { Daemon } from '../support/daemon.ts';
import { createUsers, startLoad, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { logNumber, openPair, promote, type Server, switchOver } from '../support/replica.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 50;
const SOON = { timeout: PATIENCE_MS, interval: 100 };
const OPTIONS = { ...TABLES, settings: { watch: { intervalSeconds: 1 } } };

/** No command was given, and the daemon is the same. */
async function expectEqual(pipeline: Pipeline, daemon: Daemon): Promise<void> {
  // The test's own connections were broken, too.
  const pass = () => pipeline.operations.passBarrier(SOON.timeout).then(() => 'passed', String);
  await expect.poll(pass, { ...SOON, timeout: 2 * SOON.timeout }).toBe('passed');
  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  await daemon.ready();
  expect(daemon.process.exitCode).toBe(null);
}

/** Everybody finds the other server at the same address, and the connections to the old one break. */
function lead(way: TcpProxy, { port }: Server): void {
  way.target = port;
  way.reset();
}

test('case 42: a user server that fails over to a replica with lower numbers of binary logs, and back, is followed; GTIDs whose numbers fall are newer all the same', async () => {
  await using pair = await openPair('user-mysql');
  const { primary, replica } = pair;
  while ((await logNumber(primary)) < 10) await primary.database.write('rotating', 'FLUSH BINARY LOGS');
  expect(await logNumber(replica)).toBeLessThan(9);
  await using way = await TcpProxy.open(primary.port);
  await using pipeline = await openPipeline({ ...OPTIONS, ports: { user: way.port } });
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  const { userDb } = pipeline;
  let count = 0;
  const updateAll = async ({ database }: Server) => {
    for (let n = 0; n < USERS; n++) await update({ ...pipeline, user: database }, count++, USERS);
  };

  await updateAll(primary);
  await switchOver(primary, replica);
  await updateAll(replica);
  lead(way, replica);
  await expectEqual(pipeline, daemon);

  await updateAll(replica);
  await switchOver(replica, primary);
  lead(way, primary);
  await updateAll(primary);
  await expectEqual(pipeline, daemon);

  const [row] = await primary.database.rows('looking', 'SELECT @@server_uuid AS uuid');
  await primary.database.rows(
    'a number far ahead',
    `SET gtid_next = '${row?.uuid}:900000000'; UPDATE ${userDb}.account SET nick = 'ahead'; SET gtid_next = AUTOMATIC`,
  );
  await updateAll(primary);
  await expectEqual(pipeline, daemon);
});

test('case 54: a friend server that fails over to a replica which lacks the last changes catches up by itself', async () => {
  await using pair = await openPair('friend-mysql');
  const { primary, replica } = pair;
  await using way = await TcpProxy.open(primary.port);
  await using pipeline = await openPipeline({ ...OPTIONS, ports: { friend: way.port } });
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  const written = () => daemon.metric('friend_sync_copies_written_total');

  await using load = startLoad(pipeline, USERS);
  await replica.database.write('falling behind', 'STOP REPLICA');
  const before = await written();
  await expect.poll(written, SOON).toBeGreaterThan(before + 500);
  await promote(replica);
  lead(way, replica);
  await load.stop();
  await expectEqual(pipeline, daemon);
  expect(daemon.output()).toMatch(/the friend database went back|the offset was set back|stored offset was another/);
});
