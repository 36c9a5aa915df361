import { createLogger, Health, SyncError } from '@friend-sync/sync-service';
import { expect, test, vi } from 'vitest';
import { createLateCopiesHandler } from '../../sync-service/src/application/late-copies/handler.ts';
import type { Stream } from '../../sync-service/src/application/proof/streams.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import type { MessageBatch } from '../../sync-service/src/infrastructure/kafka/partition-handler.ts';
import { findHeld } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { Metrics } from '../../sync-service/src/metrics.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES, TWO_SOURCES } from '../support/tables.ts';

const alive = async () => {};
const MAX_INT64 = 2n ** 63n;
const AN_HOUR_AGO = Date.now() - 3_600_000;

/** A log that holds offsets from `low` to `high`, in which nothing newer than what was read lies below `newer`. */
function logOf({ low = 0n, high = 1_000n, newer = 1_000n } = {}) {
  return {
    partitionOffsets: async () => [{ partition: 0, low, high }],
    offsetsAtTimestamp: async () => new Map([[0, newer]]),
  } as unknown as KafkaAdmin;
}

/**
 * Follows the late copies of a server whose sources have been ingested as far as `sent` says; left out: whatever they have
 * committed. `require` throws of a source that cannot be followed.
 */
async function follow(
  server: FriendServer,
  admin = logOf(),
  sent?: Stream['sent'],
  require: (source: string) => void = () => {},
) {
  const log = createLogger('fatal');
  // Asked each time: other tests commit at the same server meanwhile.
  const all: Stream['sent'] = async () => {
    const [executed] = await server.user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
    return { gtids: String(executed?.gtids), file: '', pos: 0 };
  };
  const stream = {
    connectorName: 'source',
    server: server.user,
    sent: sent ?? all,
    status: async () => undefined,
    topics: [],
    heartbeatTopic: 'heartbeat',
  };
  const handler = createLateCopiesHandler({
    store: server.store,
    admin,
    fanOut: { notify() {} },
    perseverance: new Perseverance(new Health(), log, 1_000),
    metrics: new Metrics(),
    log,
    changes: new Map([...server.store.sources.keys()].map((name) => [name, stream])),
    require,
    topicOf: ({ table }) => table,
    signal: new AbortController().signal,
  });
  return {
    handler,
    log,
    /** Hands over messages with these rows, from that offset: an hour old, as after a downtime. */
    async hears(topic: string, expectedOffset: bigint, ...rows: string[]) {
      const messages = rows.map((row, i) => ({
        offset: expectedOffset + BigInt(i),
        key: null,
        value: Buffer.from(`{"after":${row}}`),
        timestampMs: AN_HOUR_AGO,
        headers: {},
      }));
      const nextOffset = expectedOffset + BigInt(rows.length);
      const batch: MessageBatch = {
        topic,
        partition: 0,
        expectedOffset,
        messages,
        nextOffset,
        waiting: 0,
        maxTimestampMs: AN_HOUR_AGO,
      };
      return handler.store(batch, alive);
    },
  };
}

const pendingKeys = (server: FriendServer) =>
  column(server, `SELECT k FROM ${server.configuration.settings.target.stateDatabase}.pending ORDER BY k`);

/** Keys 1 and 2 in the mirror, each with an equal copy; what else a test inserts is late. */
async function openSettled() {
  const server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(2)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea']);
  await drain(server);
  return { server, feed };
}

test('case 51: a late copy is corrected; a right one, one that is gone, and one of an unknown key are left alone', async () => {
  const { server } = await openSettled();
  await using _ = server;
  const { friend, friendDb } = server;
  await friend.write(
    'late',
    `INSERT INTO ${friendDb}.friend (id, friend_id, nick) VALUES (10,1,'old'),(11,2,'Bea'),(12,9,'old')`,
  );
  await friend.write('late', `INSERT INTO ${friendDb}.member VALUES (7,2,'old')`);
  const { handler, hears } = await follow(server);
  for (const topic of ['friend', 'member']) expect(await handler.assigned(topic, 0, alive)).toBe(0n);
  expect(await hears('friend', 0n, '{"id":11}', '{"id":12}', '{"id":13}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual([]);
  await hears('friend', 3n, '{"id":10}');
  expect(await pendingKeys(server)).toEqual(['1']);
  await hears('member', 0n, '{"team_id":7,"user_id":2}');
  expect(await pendingKeys(server)).toEqual(['1', '2']);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${friendDb}.friend WHERE id = 10`)).toEqual(['Ann']);
  expect(await column(server, `SELECT nick FROM ${friendDb}.member`)).toEqual(['Bea']);
});

test('a message that is delivered again, or whose offset was set back meanwhile, finds the offset moved', async () => {
  const { server } = await openSettled();
  await using _ = server;
  await server.friend.write('late', `INSERT INTO ${server.friendDb}.friend (id, friend_id, nick) VALUES (10,1,'old')`);
  const { handler, hears } = await follow(server);
  await handler.assigned('friend', 0, alive);
  await hears('friend', 0n, '{"id":11}');
  expect(await hears('friend', 0n, '{"id":10}')).toEqual({ kind: 'moved', nextOffset: 1n });
  expect(await pendingKeys(server)).toEqual([]);
});

test('case 84: a late copy waits until what the source has committed is ingested, so that it is not set back, however old its message is', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { friend, friendDb, user, userDb } = server;
  const [before] = await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
  await user.write('a change', `INSERT INTO ${userDb}.account VALUES (1,'Ann B.',NULL)`);
  await friend.write('ahead', `INSERT INTO ${friendDb}.friend (id, friend_id, nick) VALUES (10,1,'Ann B.')`);
  const [after] = await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
  let looks = 0;
  const { handler, hears } = await follow(server, logOf(), async () => {
    if (++looks < 5) return { gtids: String(before?.gtids), file: '', pos: 0 };
    // The change arrives with the connector's progress.
    if (looks === 5) await feed.rows([1n, null, 'Ann B.']);
    return { gtids: String(after?.gtids), file: '', pos: 0 };
  });
  await handler.assigned('friend', 0, alive);
  await drain(server);
  await hears('friend', 0n, '{"id":10}');
  expect(looks).toBeGreaterThanOrEqual(5);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${friendDb}.friend WHERE friend_id = 1`)).toEqual(['Ann B.', 'Ann B.']);
});

test('case 84: late copies of a source that cannot be followed are left to a sweep; those of another one, in the same table, are not', async () => {
  await using server = await openFriendServer({
    userTables: TWO_SOURCES.userTables,
    friendTables: [
      `CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), team_id BIGINT, title VARCHAR(64),
         KEY (friend_id), KEY (team_id))`,
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }
  - { name: team, table: USER.team, key: id, copies: [{ table: friend, key: team_id, set: { title: title } }] }`,
  });
  const { store, friend, friendDb } = server;
  await createFeed(server).rows([1n, 'Ann']);
  await friend.write('ahead', `INSERT INTO ${friendDb}.friend VALUES (10, 1, 'Ann B.', 1, 'x')`);
  const marks = async (name: string) => [...((await store.sources.get(name)?.missed.marks(store.database)) ?? [])];
  const lost = (name: string) => (source: string) => {
    if (source === name) throw new SyncError('history_lost', 'it was set back');
  };
  await drain(server);
  await friend.write('ahead', `UPDATE ${friendDb}.friend SET nick = 'Ann B.'`);
  const first = await follow(server, logOf(), undefined, lost('account'));
  await first.handler.assigned('friend', 0, alive);
  expect(await first.hears('friend', 0n, '{"n":10}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual([]);
  expect(await marks('account')).toMatchObject([['friend.friend_id', expect.any(BigInt)]]);
  const second = await follow(server, logOf(), undefined, lost('team'));
  expect(await second.hears('friend', 1n, '{"n":10}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual(['1']);
});

test('case 84: late copies of a source that is away are left to a sweep, which begins once more where one is yet to come', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { store, friend, friendDb } = server;
  await friend.write('late', `INSERT INTO ${friendDb}.friend (id, friend_id, nick) VALUES (10,1,'ahead')`);
  await feed.source.missed.mark(store.database, ['friend.friend_id']);
  const marks = () => feed.source.missed.marks(store.database);
  const before = await marks();
  const { handler, hears } = await follow(server, logOf(), async () => undefined);
  await handler.assigned('friend', 0, alive);
  expect(await hears('friend', 0n, '{"id":10}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual([]);
  expect(await marks()).not.toEqual(before);
});

test.each([
  ['re-created', { high: 2n }, 0n],
  ['re-created and has grown longer', { newer: 2n }, 0n],
  ['truncated', { low: 700n }, 700n],
])('a topic that was %s is read from its start, and a round follows', async (_name, log, start) => {
  const { server } = await openSettled();
  await using _ = server;
  const { database, sources } = server.store;
  const { round } = sources.get('account') ?? {};
  await round?.adopt(database);
  const take = () => database.transaction('rounds', (tx) => round?.take(tx, 30) ?? Promise.resolve(undefined));
  await round?.end(database, (await take())?.token ?? 0n, { rowCount: 2, correctedKeys: 0 }, 600);
  const { handler, hears } = await follow(server);
  await handler.assigned('friend', 0, alive);
  await hears('friend', 0n, ...Array.from({ length: 500 }, () => '{"id":99}'));
  expect(await handler.assigned('friend', 0, alive)).toBe(500n);
  expect(await take()).toBe(undefined);
  const again = await follow(server, logOf(log));
  expect(await again.handler.assigned('friend', 0, alive)).toBe(start);
  await expect.poll(take).toBeDefined();
});

test('case 28: copies are found by primary keys of every kind that travels', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE account (id BIGINT UNSIGNED PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      `CREATE TABLE friend (n BIGINT UNSIGNED, at DATETIME(3), price DECIMAL(20,2), tag VARBINARY(8), friend_id BIGINT UNSIGNED, nick VARCHAR(64),
         PRIMARY KEY (n, at, price, tag), KEY (friend_id))`,
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick } }]`,
  });
  const { friend, friendDb } = server;
  await createFeed(server).rows([MAX_INT64 + 1n, 'new']);
  await drain(server);
  await friend.write(
    'late',
    `INSERT INTO ${friendDb}.friend VALUES (${MAX_INT64 + 5n}, '2024-02-29 10:00:00.123', 12345678901234567.89, X'00FF', ${MAX_INT64 + 1n}, 'old')`,
  );
  const { handler, hears } = await follow(server);
  await handler.assigned('friend', 0, alive);
  // Not by `at`, of which a message may say something else.
  const key = `"n":${5n - MAX_INT64},"at":0,"price":"12345678901234567.89","tag":"AP8="`;
  await hears('friend', 0n, 'no JSON', '{"n":"5"}', `{${key},"friend_id":null}`, `{${key},"friend_id":1}`);
  expect(await pendingKeys(server)).toEqual([]);
  await hears('friend', 4n, `{${key},"friend_id":${1n - MAX_INT64}}`);
  expect(await pendingKeys(server)).toEqual([String(MAX_INT64 + 1n)]);
});

test('case 95: a copy of which a message does not tell is the next round’s, of its source alone, and that is said once', async () => {
  await using server = await openFriendServer(TWO_SOURCES);
  const { friend, friendDb, store } = server;
  const take = (source: string) =>
    store.database.transaction('rounds', async (tx) => store.sources.get(source)?.round.take(tx, 30));
  for (const [name, { round }] of store.sources) {
    await round.adopt(store.database);
    await round.end(store.database, (await take(name))?.token ?? 0n, { rowCount: 0, correctedKeys: 0 }, 600);
  }
  await createFeed(server).rows([1n, 'Ann']);
  await drain(server);
  await friend.write('late', `INSERT INTO ${friendDb}.friend VALUES (10, 1, 'old')`);
  const { handler, hears, log } = await follow(server);
  const warn = vi.spyOn(log, 'warn');
  await handler.assigned('friend', 0, alive);
  expect(await hears('friend', 0n, '{"n":"ten"}', 'no JSON', '{"n":10}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual(['1']);
  expect(await hears('friend', 3n, '{}')).toEqual({ kind: 'stored' });
  expect(warn.mock.calls).toHaveLength(1);
  await expect.poll(() => take('account'), { timeout: 60_000 }).toBeDefined();
  expect(await take('team')).toBe(undefined);
});

test('case 95: a table that cannot be compared holds up no batch', async () => {
  const { server } = await openSettled();
  await using _ = server;
  const { handler, hears } = await follow(server);
  await handler.assigned('friend', 0, alive);
  await server.friend.write('renaming', `ALTER TABLE ${server.friendDb}.friend RENAME COLUMN nick TO name`);
  expect(await hears('friend', 0n, '{"id":1}')).toEqual({ kind: 'stored' });
});

test('case 72: a late copy whose table is held is marked as missed, not forgotten', async () => {
  const { server, feed } = await openSettled();
  await using _ = server;
  const { store, friend, friendDb } = server;
  const { handler, hears } = await follow(server);
  await handler.assigned('friend', 0, alive);
  await friend.write('breaking', `ALTER TABLE ${friendDb}.friend ENGINE = MyISAM`);
  await findHeld(store);
  await friend.write('late', `INSERT INTO ${friendDb}.friend (id, friend_id, nick) VALUES (10,1,'old')`);
  expect(await hears('friend', 0n, '{"id":10}')).toEqual({ kind: 'stored' });
  expect(await pendingKeys(server)).toEqual([]);
  expect([...(await feed.source.missed.marks(store.database)).keys()]).toEqual(['friend.friend_id']);
});
