import { type ConnectorStatus, storedPlace } from '@friend-sync/connectors';
import { createLogger, Health, openDatabase } from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HistoryWatch, watchHistory } from '../../sync-service/src/application/supervise/history-watch.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { type OwnServers, openServers } from '../support/own-servers.ts';
import { TABLES } from '../support/tables.ts';

/** A user server of this file's own, which may be set back: barriers of other files would wait for what it has lost. */
let own: OwnServers;

beforeAll(async () => {
  own = await openServers(['user-mysql']);
});
afterAll(() => own?.[Symbol.asyncDispose]());

const openServer = () => openFriendServer({ ...TABLES, userMysql: own.userMysql });

const NAME = 'account';
const RUNNING: ConnectorStatus = { state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] };

/** A connector, and what was ingested of what it sent; a test may change them. */
class Sent {
  /** Its stored offset; null: none. */
  offset: Record<string, unknown> | null = {};
  status = RUNNING;
  ingested: string[] = [];
}

const NEVER_AGAIN_MS = 3_600_000;

/** Watches the user server for the source `account`. */
async function watch(
  { user, store }: Pick<FriendServer, 'user' | 'store'>,
  sent: Sent | Record<string, unknown> = {},
  intervalMs = NEVER_AGAIN_MS,
  status = RUNNING,
): Promise<HistoryWatch & { health: Health }> {
  const health = new Health();
  const connector = sent instanceof Sent ? sent : Object.assign(new Sent(), { offset: sent, status });
  const offsets = async () => (connector.offset ? [{ partition: {}, offset: connector.offset }] : []);
  const stream = {
    connectorName: 'some',
    server: user,
    sent: async () => storedPlace(await offsets()),
    status: async () => connector.status,
    topics: [],
    heartbeatTopic: '',
  };
  const ingested = async () => connector.ingested;
  const begun = async () => undefined;
  const loss = (await store.serverState.read(store.database, NAME))?.lost;
  const log = createLogger('silent');
  const parts = { sourceName: NAME, stream, ingested, begun, loss, store, health, log };
  return { ...(await watchHistory({ ...parts, intervalMs })), health };
}

const kinds = ({ health }: { health: Health }) => health.troubles.map(({ kind }) => kind);

const commit = ({ user, userDb }: FriendServer) =>
  user.write('a transaction', `REPLACE INTO ${userDb}.account (id, nick) VALUES (1, UUID())`);

test('case 42: a user server that was set back is noticed, stays so in the next process and after it has caught up, until a new epoch', async () => {
  await using server = await openServer();
  await commit(server);
  await using first = await watch(server);
  expect(kinds(first)).toEqual([]);
  first.check();

  await server.user.write('setting it back', 'RESET BINARY LOGS AND GTIDS');
  await using second = await watch(server);
  expect(kinds(second)).toEqual(['history_lost']);
  expect(() => second.check()).toThrow(/was set back/);

  for (let n = 0; n < 20; n++) await commit(server);
  await using third = await watch(server);
  expect(() => third.check()).toThrow(/was set back/);

  await server.store.serverState.beginAnew(server.store.database, NAME, '');
  await using fourth = await watch(server);
  expect(kinds(fourth)).toEqual([]);
});

test('case 43: binary logs that are gone before a standing connector has read them are noticed', async () => {
  await using server = await openServer();
  await commit(server);
  const [before] = await server.user.rows('position', 'SELECT @@global.gtid_executed AS gtids');
  await commit(server);
  await server.user.write('rotating', 'FLUSH BINARY LOGS');
  await using watching = await watch(server, { gtids: before?.gtids }, 20);
  expect(kinds(watching)).toEqual([]);

  await server.user.write('purging', 'PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY');
  await expect.poll(() => kinds(watching)).toEqual(['history_lost']);
  expect(() => watching.check()).toThrow(/purged/);
});

/** As Debezium 3.6.1 fails at a row that a session has written with a minimal row image. */
const TRACE = `org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. This connector will be stopped.
Caused by: io.debezium.DebeziumException: Error processing binlog event
Caused by: io.debezium.DebeziumException: Error processing row in account, internal schema size 6, but row size 3 , restart connector with schema recovery mode.`;

test('case 29: a connector that stands at a row that lacks columns halts until a new epoch; one that failed for another reason does not', async () => {
  await using server = await openServer();
  const failedBy = (trace: string) => ({ state: 'RUNNING', tasks: [{ id: 0, state: 'FAILED', trace }] });
  await using other = await watch(server, {}, undefined, failedBy('java.net.ConnectException: Connection refused'));
  expect(kinds(other)).toEqual([]);
  await using standing = await watch(server, {}, undefined, failedBy(TRACE));
  expect(kinds(standing)).toEqual(['history_lost']);
  // A restart shows it as running for a moment.
  await using restarted = await watch(server);
  expect(() => restarted.check()).toThrow(/binlog_row_image/);

  await server.store.serverState.beginAnew(server.store.database, NAME, '');
  await using anew = await watch(server);
  expect(kinds(anew)).toEqual([]);
});

test('case 43: an alarm comes before the binary logs are gone', async () => {
  await using server = await openServer();
  const days = (n: number) => ({ gtids: '', ts_sec: Date.now() / 1000 - n * 86_400 });
  await commit(server);
  await using near = await watch(server, days(16));
  expect(kinds(near)).toEqual(['retention_near']);
  near.check();
  await using far = await watch(server, days(14));
  expect(kinds(far)).toEqual([]);
});

test('case 86: a user server that logs updates so that no connector hears of them is told of, until it does so no longer', async () => {
  await using server = await openServer();
  await using watching = await watch(server, {}, 50);
  expect(kinds(watching)).toEqual([]);
  const set = (value: string) => server.user.write('configuring', 'SET GLOBAL binlog_row_value_options = ?', [value]);
  await set('PARTIAL_JSON');
  try {
    await expect.poll(() => kinds(watching)).toEqual(['contract_broken']);
    expect(watching.health.troubles[0]?.problem).toMatch(/^the user database has binlog_row_value_options/);
  } finally {
    await set('');
  }
  await expect.poll(() => kinds(watching)).toEqual([]);
});

test('a user server that cannot be asked is a trouble, and halts nothing', async () => {
  await using server = await openServer();
  const { source } = server.configuration.settings;
  await using nowhere = openDatabase({ ...source, port: 1 }, { connections: 1, sourceName: 'the user database' });
  await using watching = await watch({ ...server, user: nowhere });
  expect(kinds(watching)).toEqual(['user_database_unavailable']);
  watching.check();
});
