import { replicationFrom } from '@friend-sync/local-stack';
import { expect, inject, test, vi } from 'vitest';
import { Brake, type BrakeLimits } from '../../sync-service/src/application/fan-out/brake.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const OPEN: BrakeLimits = { threadsRunning: 1_000, replicaLagSeconds: 10 };
const TIMES = { timeout: PATIENCE_MS, interval: 100 };

const by = async (brake: Brake) => (await brake.closed())?.by;

/** What one worker does: it claims only while the brake is open, and stops when it closes. */
async function turn(server: FriendServer, brake: Brake): Promise<void> {
  if (!(await brake.closed())) await drain(server, undefined, () => brake.closed());
}

test('case 57: a pause holds the writes of every daemon, loses nothing, and ends with resume', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const { pause, database } = server.store;
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await pause.pause(database);
  await pause.pause(database);
  await feed.rows([1n, null, 'Ann']);
  for (const brake of [new Brake(server.store, [], OPEN), new Brake(server.store, [], OPEN)]) await turn(server, brake);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual([null]);

  const brake = new Brake(server.store, [], OPEN);
  expect(await by(brake)).toBe('pause');
  await pause.resume(database);
  await expect.poll(() => by(brake), TIMES).toBe(undefined);
  await turn(server, brake);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['Ann']);
});

test('case 57: fan-out waits while the friend server is busy', async () => {
  await using server = await openFriendServer(TABLES);
  const brake = new Brake(server.store, [], { ...OPEN, threadsRunning: 1 });
  const busy = server.friend.rows('work', 'SELECT SLEEP(60)').catch(() => {});
  await expect.poll(() => by(brake), TIMES).toBe('load');
  // Other tests may have kept the server busy before it began.
  const running = await vi.waitUntil(
    async () =>
      (
        await server.friend.rows(
          'finding it',
          "SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(60)'",
        )
      )[0],
    TIMES,
  );
  await server.friend.write('ending it', `KILL QUERY ${running.id}`);
  await busy;
});

test('case 57: fan-out waits while a replica lags', async () => {
  await using server = await openFriendServer(TABLES);
  const replica = server.user;
  await replica.write('becoming a replica', replicationFrom(inject('friendMysql'), 'SOURCE_DELAY = 3600'));
  try {
    await replica.write('replicating', 'START REPLICA');
    const brake = new Brake(server.store, [replica], { ...OPEN, replicaLagSeconds: 1 });
    await server.friend.write('work', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
    await expect.poll(() => by(brake), TIMES).toBe('replica');
    await replica.write('ending it', 'STOP REPLICA');
    await expect.poll(() => by(brake), TIMES).toBe(undefined);
  } finally {
    await replica.write('ending it', 'STOP REPLICA');
    await replica.write('ending it', 'RESET REPLICA ALL');
  }
});

test('a rate that is spent is earned again; the rest of a claim is released meanwhile, and goes on from its cursor', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const copies = Array.from({ length: 60 }, () => '(1)').join();
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES ${copies}`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bob']);
  const brake = new Brake(server.store, [], { ...OPEN, rowsPerSecond: 100 });
  expect(await by(brake)).toBe(undefined);
  brake.spent(150);
  expect(await by(brake)).toBe('rate');
  await expect.poll(() => by(brake), TIMES).toBe(undefined);

  // Closes after every two transactions.
  let asked = 0;
  const hold = async () => (asked++ % 3 === 2 ? 'held' : undefined);
  const { written } = await drain(server, { chunkRows: 10, leaseMs: 15_000 }, hold);
  expect(written).toBe(60);
  // Six chunks of the large key and what completes both keys: no chunk was written twice.
  expect(asked).toBeLessThan(30);
});
