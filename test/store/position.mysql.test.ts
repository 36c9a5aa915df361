import { storedPlace } from '@friend-sync/connectors';
import { createLogger, Health } from '@friend-sync/sync-service';
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

/** Another server's, which the user server was before. */
const LOST = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:1-3';

/** A connector that has read everything, and what was ingested of what it sent; a test says how each differs. */
class Connector {
  /** Its answers come after this. */
  stall = Promise.resolve();
  ingested: string[] = [];
  /** Where it began. */
  begun = '';
  /** What it has stored; null: no position. */
  stored: (executed: string) => string | null = (executed) => executed;
  isReachable = true;
}

interface Watched {
  readonly watching: HistoryWatch;
  readonly connector: Connector;
  /** One look; true if it finds nothing wrong, and nothing that may be. */
  isIntact(): Promise<boolean>;
  lostReason(): string | undefined;
}

async function watch({ user, store }: FriendServer, connector = new Connector()): Promise<Watched & AsyncDisposable> {
  async function offsets() {
    if (!connector.isReachable) throw new Error('away');
    const [row] = await user.rows('position', "SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS gtids");
    const gtids = connector.stored(String(row?.gtids));
    await connector.stall;
    return gtids === null ? [] : [{ partition: {}, offset: { gtids } }];
  }
  const status = async () => ({ state: 'RUNNING', tasks: [] });
  const watching = await watchHistory({
    sourceName: 'account',
    stream: {
      connectorName: 'some',
      server: user,
      sent: async () => storedPlace(await offsets()),
      status,
      topics: [],
      heartbeatTopic: '',
    },
    ingested: async () => connector.ingested,
    begun: async () => connector.begun,
    loss: (await store.serverState.read(store.database, 'account'))?.lost,
    store,
    health: new Health(),
    log: createLogger('silent'),
    intervalMs: 3_600_000,
  });
  return {
    watching,
    connector,
    isIntact: () =>
      watching.requireIntact().then(
        () => true,
        () => false,
      ),
    lostReason: () => watching.loss()?.reason,
    [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose](),
  };
}

const commit = ({ user, userDb }: FriendServer) =>
  user.write('a transaction', `REPLACE INTO ${userDb}.account (id, nick) VALUES (1, UUID())`);

test.each<[string, (connector: Connector) => void]>([
  ['sent', (connector) => Object.assign(connector, { stored: (executed: string) => `${executed},${LOST}` })],
  ['ingested', (connector) => connector.ingested.push(LOST)],
])(
  'case 61: a user server that goes on without transactions that the connector has %s was set back, whatever its uuid is now; a look alone is no proof',
  async (_, differ) => {
    await using server = await openServer();
    await using watched = await watch(server);
    expect(await watched.isIntact()).toBe(true);
    differ(watched.connector);
    expect(await watched.isIntact()).toBe(false);
    expect(watched.lostReason()).toBe(undefined);
    // As after a commit that had been waiting for a replica's answer.
    Object.assign(watched.connector, new Connector());
    expect(await watched.isIntact()).toBe(true);

    differ(watched.connector);
    expect(await watched.isIntact()).toBe(false);
    await commit(server);
    expect(await watched.isIntact()).toBe(false);
    expect(watched.lostReason()).toMatch(/the connector some has sent: it was set back/);
    expect(watched.watching.loss()?.mayHeal).toBe(false);
    expect(() => watched.watching.check()).toThrow(/source account.*epoch new account --execute/);
  },
);

test('case 61: a connector whose stored position is gone is noticed at once, and in the next process too', async () => {
  await using server = await openServer();
  await using fresh = await watch(server, Object.assign(new Connector(), { stored: () => null }));
  for (let n = 0; n < 3; n++) expect(await fresh.isIntact()).toBe(true);
  fresh.connector.stored = (executed) => executed;
  expect(await fresh.isIntact()).toBe(true);

  await using watched = await watch(server, Object.assign(new Connector(), { stored: () => null, isReachable: false }));
  for (let n = 0; n < 3; n++) expect(await watched.isIntact()).toBe(true);
  watched.connector.isReachable = true;
  expect(await watched.isIntact()).toBe(false);
  expect(watched.lostReason()).toMatch(/the connector some has lost its position: it begins at the present/);
  expect(watched.watching.loss()?.mayHeal).toBe(false);
  await using next = await watch(server);
  expect(next.lostReason()).toMatch(/lost its position/);

  await server.store.serverState.beginAnew(server.store.database, 'account', '');
  await using anew = await watch(server);
  expect(anew.lostReason()).toBe(undefined);
});

const executedBy = async ({ user }: FriendServer) => {
  const [row] = await user.rows('now', "SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS gtids");
  return String(row?.gtids);
};

test.each([
  ['', true],
  [', since an epoch of which no position is remembered', false],
])(
  'case 61: a connector that began at the present is noticed although no look saw it without one%s',
  async (_, isRemembered) => {
    await using server = await openServer();
    const { user } = server;
    const [row] = await user.rows('which', 'SELECT @@server_uuid AS uuid');
    const connector = Object.assign(new Connector(), { begun: `${row?.uuid}:1` });
    {
      await using watched = await watch(server, connector);
      expect(await watched.isIntact()).toBe(true);
      // Nothing that was committed until then was missed.
      connector.begun = `${row?.uuid}:1-2`;
      expect(await watched.isIntact()).toBe(true);
      Object.assign(connector, isRemembered ? {} : { isReachable: false });
      await server.store.serverState.beginAnew(server.store.database, 'account', await executedBy(server));
      expect(await watched.isIntact()).toBe(true);
    }
    connector.isReachable = true;
    await commit(server);
    connector.begun = await executedBy(server);
    await using watched = await watch(server, connector);
    expect(watched.lostReason()).toMatch(/the connector some has lost its position: it began at the present/);
    expect(watched.watching.loss()?.mayHeal).toBe(false);
    await server.store.serverState.beginAnew(server.store.database, 'account', await executedBy(server));
    await using anew = await watch(server, connector);
    expect(anew.lostReason()).toBe(undefined);
  },
);

test('case 61: what a connector has sent is not remembered while nobody can say where it began', async () => {
  await using server = await openServer();
  const { serverState, database } = server.store;
  const connector = new Connector();
  await using watched = await watch(server, connector);
  const before = await serverState.read(database, 'account');
  await commit(server);
  Object.defineProperty(connector, 'begun', { get: () => Promise.reject(new Error('away')), configurable: true });
  expect(await watched.isIntact()).toBe(true);
  expect((await serverState.read(database, 'account'))?.sent).toBe(before?.sent);
});

test('case 61: a connector whose position was set back is noticed, by what it had sent and by what was ingested, and may heal', async () => {
  await using server = await openServer();
  for (let n = 0; n < 3; n++) await commit(server);
  const [row] = await server.user.rows('position', 'SELECT @@server_uuid AS uuid, @@global.gtid_executed AS gtids');
  const last = Number(String(row?.gtids).match(new RegExp(`${row?.uuid}:1-(\\d+)`))?.[1]);
  const upTo = (n: number) => () => `${row?.uuid}:1-${n}`;
  // The transaction under way is not counted as sent.
  await using watched = await watch(server, Object.assign(new Connector(), { stored: upTo(last - 1) }));
  watched.connector.ingested = [`${row?.uuid}:${last}`];
  for (let n = 0; n < 3; n++) expect(await watched.isIntact()).toBe(true);
  await server.store.serverState.beginAnew(server.store.database, 'account', '');
  watched.connector.stored = upTo(last - 3);
  expect(await watched.isIntact()).toBe(false);
  expect(await watched.isIntact()).toBe(false);
  expect(watched.lostReason()).toMatch(/lies behind what was ingested/);

  await server.store.serverState.beginAnew(server.store.database, 'account', '');
  watched.connector.ingested = [];
  watched.connector.stored = upTo(last);
  expect(await watched.isIntact()).toBe(true);
  watched.connector.stored = upTo(last - 2);
  expect(await watched.isIntact()).toBe(false);
  expect(await watched.isIntact()).toBe(false);
  expect(watched.lostReason()).toMatch(/lies behind what was ingested/);
  expect(watched.watching.loss()?.mayHeal).toBe(true);
});

test('case 96: transactions that were added to gtid_purged by hand are noticed while the connector goes on, and may heal', async () => {
  await using server = await openServer();
  const { user } = server;
  await using watched = await watch(server);
  const byHand = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb:1-5';
  watched.connector.stored = (executed) => executed.replace(/,?bbbbbbbb-[b-]+:1-5/, '');
  try {
    await user.write('by hand', `SET GLOBAL gtid_purged = '+${byHand}'`);
    expect(await watched.isIntact()).toBe(false);
    await commit(server);
    expect(await watched.isIntact()).toBe(false);
    expect(watched.watching.loss()).toMatchObject({
      mayHeal: true,
      reason: expect.stringMatching(/added to gtid_purged/),
    });
  } finally {
    await user.write('as before', 'RESET BINARY LOGS AND GTIDS');
  }
});

test.each([
  ['has begun', 'a connector without a position'],
  ['has begun', 'another position'],
  ['begins', 'a connector without a position'],
])(
  'a look that is under way when a new epoch %s declares nothing lost of it, and remembers nothing: %s',
  async (how, what) => {
    await using server = await openServer();
    const { serverState, database } = server.store;
    await using watched = await watch(server);
    expect(await watched.isIntact()).toBe(true);
    let answer = () => {};
    const stall = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      const stored = (executed: string) => {
        resolve();
        return what === 'another position' ? executed : null;
      };
      Object.assign(watched.connector, { stored, stall });
    });
    const looking = watched.isIntact();
    await asked;
    await serverState.epochBegins(database, 'account');
    if (how === 'has begun') await serverState.beginAnew(database, 'account', '');
    const begun = await serverState.read(database, 'account');
    answer();
    await looking;
    expect(await serverState.read(database, 'account')).toEqual(begun);
    await serverState.beginAnew(database, 'account', '');
    Object.assign(watched.connector, new Connector());
    expect(await watched.isIntact()).toBe(true);
  },
);
