import { createLogger, Health } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { createLateCopiesHandler } from '../../sync-service/src/application/late-copies/handler.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { Metrics } from '../../sync-service/src/metrics.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openServers } from '../support/own-servers.ts';
import { TABLES } from '../support/tables.ts';

const PACKET_BYTES = 65_536;
const LATE = 3_000;

test('case 80: late copies that are more at once than the friend server takes are marked in parts', async () => {
  await using own = await openServers(['friend-mysql']);
  await using server = await openFriendServer({ ...TABLES, friendMysql: own.friendMysql });
  const { friend, friendDb, store } = server;
  const keys = Array.from({ length: LATE }, (_, n) => n + 1);
  await createFeed(server).rows(...keys.map((key): [bigint, null, string] => [BigInt(key), null, 'new']));
  await drain(server);
  await friend.write(
    'late',
    `INSERT INTO ${friendDb}.friend (id, friend_id, nick) VALUES ${keys.map((key) => `(${key}, ${key}, 'old')`)}`,
  );
  await friend.write('configuring', `SET GLOBAL max_allowed_packet = ${PACKET_BYTES}`);
  // Of sessions that begin from now on.
  await expect
    .poll(async () => (await store.database.rows('looking', 'SELECT @@max_allowed_packet AS n'))[0], {
      timeout: 30_000,
      interval: 3_000,
    })
    .toEqual({ n: String(PACKET_BYTES) });
  const log = createLogger('fatal');
  const health = new Health();
  const handler = createLateCopiesHandler({
    store,
    admin: {
      partitionOffsets: async () => [{ partition: 0, low: 0n, high: BigInt(LATE) }],
    } as unknown as KafkaAdmin,
    fanOut: { notify() {} },
    perseverance: new Perseverance(health, log, 1_000),
    metrics: new Metrics(),
    log,
    changes: new Map(),
    require: () => {},
    topicOf: ({ table }) => table,
    signal: new AbortController().signal,
  });
  await handler.assigned('friend', 0, async () => {});
  const messages = keys.map((id) => {
    const value = Buffer.from(`{"after":{"id":${id}}}`);
    return { offset: BigInt(id - 1), key: null, value, timestampMs: 1, headers: {} };
  });
  const batch = {
    topic: 'friend',
    partition: 0,
    expectedOffset: 0n,
    nextOffset: BigInt(LATE),
    waiting: 0,
    maxTimestampMs: 1,
  };
  await handler.store({ ...batch, messages }, async () => {
    expect(health.troubles).toEqual([]);
  });
  const { stateDatabase } = server.configuration.settings.target;
  expect(await column(server, `SELECT COUNT(*) FROM ${stateDatabase}.pending`)).toEqual([String(LATE)]);
});
