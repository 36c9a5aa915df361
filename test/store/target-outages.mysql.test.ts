import { openDatabase, openStore, openTarget } from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { executeMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { column } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { createSchema, type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { type OwnServers, openServers } from '../support/own-servers.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';
import { startWorkers, type Workers } from '../support/workers.ts';

const SOON = { timeout: PATIENCE_MS, interval: 50 };
/** What a worker had claimed when it failed is due again after this lease. */
const OPTIONS = { ...TABLES, settings: { fanOut: { leaseMs: 2_000 } } };
const UNAVAILABLE = { kind: 'store_unavailable', policy: { directive: 'retry' } };

/** A friend server of this file's own, whose settings may be anything. */
let own: OwnServers;

beforeAll(async () => {
  own = await openServers(['friend-mysql']);
});
afterAll(() => own?.[Symbol.asyncDispose]());

/** The configuration with the friend database at another port, or for another user. */
function configurationOf({ configuration }: FriendServer, more: { port?: number; user?: string }) {
  const { settings } = configuration;
  return { ...configuration, settings: { ...settings, target: { ...settings.target, host: '127.0.0.1', ...more } } };
}

const troublesOf = ({ health }: Workers) => health.troubles.map(({ kind }) => kind);
const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);

test('case 46: a friend database that moves, while the old server lives on and is read-only, is followed by itself', async () => {
  await using server = await openFriendServer(TABLES);
  const { user, friendDb } = server;
  await using way = await TcpProxy.open(own.friendMysql.port);
  const configuration = configurationOf(server, { port: way.port });
  await using old = openDatabase(configurationOf(server, { port: own.friendMysql.port }).settings.target, {
    connections: 1,
  });
  await createSchema(old, friendDb, TABLES.friendTables);
  const target = openTarget(configuration);
  await executeMigration(configuration, user, target);
  await using store = await openStore(configuration, target);

  // Both servers hold the same, as a primary and its replica do.
  const [atOld, atNew] = [createFeed({ ...server, store }), createFeed(server)];
  for (const [feed, session] of [
    [atOld, old],
    [atNew, server.friend],
  ] as const) {
    await session.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
    await feed.rows([1n, null, 'first']);
  }
  await using workers = startWorkers({ ...server, store });
  await expect
    .poll(() => old.rows('looking', `SELECT nick FROM ${friendDb}.friend`), SOON)
    .toEqual([{ nick: 'first' }]);

  await old.write('turning read-only', 'SET GLOBAL super_read_only = ON');
  await expect(atOld.rows([1n, null, 'second'])).rejects.toMatchObject(UNAVAILABLE);
  way.target = inject('friendMysql').port;
  await expect
    .poll(() => atOld.rows([1n, null, 'second']).catch((error) => error), SOON)
    .toMatchObject({ kind: 'stored' });
  await workers.settled();
  expect(await nicks(server)).toEqual(['second']);
  await old.write('turning back', 'SET GLOBAL read_only = OFF');
});

test.each([
  ['server', 'SET GLOBAL max_connections = 1', 'SET GLOBAL max_connections = 151'],
  ['account', 'ALTER USER daemon WITH MAX_USER_CONNECTIONS 1', 'ALTER USER daemon WITH MAX_USER_CONNECTIONS 0'],
])('case 47: too many connections of the %s are waited for; the backlog drains', async (_, limit, unlimit) => {
  const { host, port } = own.friendMysql;
  await using server = await openFriendServer({ ...OPTIONS, friendMysql: { host, port } });
  const { friend, friendDb } = server;
  await friend.write('an ordinary account', 'CREATE USER IF NOT EXISTS daemon');
  await friend.write('an ordinary account', 'GRANT ALL ON *.* TO daemon');
  await friend.write('an ordinary account', 'REVOKE CONNECTION_ADMIN, SUPER ON *.* FROM daemon');
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  const configuration = configurationOf(server, { user: 'daemon' });
  await using held = openDatabase(configuration.settings.target, { connections: 1 });
  await using store = await openStore(configuration, openTarget(configuration));
  await held.transaction('whoever has taken the place', async (tx) => {
    await tx.rows('being there', 'SELECT 1');
    await friend.write('limiting', limit);
    await using workers = startWorkers({ ...server, store });
    await createFeed(server).rows([1n, null, 'Ann']);
    await expect.poll(() => troublesOf(workers), SOON).toContain('store_unavailable');
    await friend.write('going back', unlimit);
    await workers.settled();
    await expect.poll(() => troublesOf(workers), SOON).toEqual([]);
  });
  expect(await nicks(server)).toEqual(['Ann']);
});

test.each([
  ['ER_RECORD_FILE_FULL', 1114],
  ['ER_DISK_FULL', 1021],
])(
  'case 47: a full disk (%s) parks nothing and stores nothing; once there is room, the backlog drains',
  async (_, code) => {
    await using server = await openFriendServer(OPTIONS);
    const { friend, friendDb, configuration } = server;
    const { stateDatabase } = configuration.settings.target;
    const feed = createFeed(server);
    const full = (schema: string, table: string, event: string) =>
      friend.write(
        'filling the disk',
        `CREATE TRIGGER ${schema}.disk BEFORE ${event} ON ${schema}.${table} FOR EACH ROW
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${code}, MESSAGE_TEXT = 'full'`,
      );
    const room = (schema: string) => friend.write('making room', `DROP TRIGGER ${schema}.disk`);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1), (2)`);

    await full(stateDatabase, 'mirror_account', 'INSERT');
    await expect(feed.rows([1n, null, 'Ann'])).rejects.toMatchObject(UNAVAILABLE);
    await room(stateDatabase);

    await full(friendDb, 'friend', 'UPDATE');
    await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea']);
    await using workers = startWorkers(server);
    await expect.poll(() => troublesOf(workers), SOON).toContain('store_unavailable');
    expect(await feed.source.pending.count(friend)).toEqual({ pending: 2, parked: 0 });
    await room(friendDb);
    await workers.settled();
    expect(await nicks(server)).toEqual(['Ann', 'Bea']);
    expect(workers.postponed).toEqual([]);
  },
);

/** What an administrator may do to the server or the account while the daemon runs, what undoes it, and what is told. */
const STATES: readonly (readonly [
  state: string,
  begin: string,
  end: string,
  told: { kind: string; problem: RegExp },
])[] = [
  [
    'super_read_only',
    'SET GLOBAL super_read_only = ON',
    'SET GLOBAL read_only = OFF',
    { kind: 'store_unavailable', problem: /read-only option/ },
  ],
  [
    'offline_mode',
    'SET GLOBAL offline_mode = ON',
    'SET GLOBAL offline_mode = OFF',
    { kind: 'store_unavailable', problem: /offline mode|ER_SERVER_OFFLINE_MODE/ },
  ],
  [
    'an init_connect that fails',
    "SET GLOBAL init_connect = 'CALL audit.log_in()'",
    "SET GLOBAL init_connect = ''",
    { kind: 'store_unavailable', problem: /init_connect command failed/ },
  ],
  [
    'statements that are counted',
    'ALTER USER daemon WITH MAX_QUERIES_PER_HOUR 1',
    'ALTER USER daemon WITH MAX_QUERIES_PER_HOUR 0',
    { kind: 'store_unavailable', problem: /max_questions/ },
  ],
  [
    'a password that has expired',
    'ALTER USER daemon PASSWORD EXPIRE',
    "ALTER USER daemon IDENTIFIED BY ''",
    { kind: 'store_misconfigured', problem: /password/ },
  ],
  [
    'rights that are in a role which is not active',
    'REVOKE ALL ON *.* FROM daemon',
    'GRANT ALL ON *.* TO daemon',
    { kind: 'store_misconfigured', problem: /denied to user 'daemon'/ },
  ],
];

test.each(STATES)(
  'case 80: %s keeps the copies waiting, is told, and leaves nothing behind',
  async (_, begin, end, told) => {
    await using server = await openFriendServer({ ...OPTIONS, friendMysql: own.friendMysql });
    const { friend, friendDb } = server;
    await friend.write('an ordinary account', 'CREATE USER IF NOT EXISTS daemon');
    await friend.write('an ordinary account', 'GRANT ALL ON *.* TO daemon');
    await friend.write('an ordinary account', 'REVOKE CONNECTION_ADMIN, SUPER ON *.* FROM daemon');
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1), (2)`);
    const configuration = configurationOf(server, { user: 'daemon' });
    await using store = await openStore(configuration, openTarget(configuration));
    await createFeed(server).rows([1n, null, 'Ann'], [2n, null, 'Bea']);
    await friend.write('changing', begin);
    await using workers = startWorkers({ ...server, store });
    try {
      await expect
        .poll(() => workers.health.troubles, SOON)
        .toContainEqual(expect.objectContaining({ kind: told.kind, problem: expect.stringMatching(told.problem) }));
    } finally {
      await friend.write('changing back', end);
    }
    await workers.settled();
    await expect.poll(() => troublesOf(workers), SOON).toEqual([]);
    expect(await nicks(server)).toEqual(['Ann', 'Bea']);
    expect(workers.postponed).toEqual([]);
  },
);

test('case 80: a small max_binlog_cache_size lets pass what fits, and is told of the key whose copies do not', async () => {
  await using server = await openFriendServer({ ...OPTIONS, friendMysql: own.friendMysql });
  const { friend, friendDb, configuration } = server;
  const ids = Array.from({ length: 60 }, (_, i) => i + 2);
  const copies = [...ids, ...Array(100).fill(1)].map((id) => [id, 'x'.repeat(60)]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES ?`, [copies]);
  const feed = createFeed(server);
  await feed.rows([1n, null, 'popular'], ...ids.map((id) => [BigInt(id), null, 'Ann'] as [bigint, null, string]));
  const set = (bytes: bigint) => friend.write('configuring', 'SET GLOBAL max_binlog_cache_size = ?', [bytes]);
  await set(4_096n);
  try {
    await using store = await openStore(configuration, openTarget(configuration));
    await using workers = startWorkers({ ...server, store });
    const left = () => column(server, `SELECT k FROM ${configuration.settings.target.stateDatabase}.pending`);
    await expect.poll(left, SOON).toEqual(['1']);
    await expect
      .poll(() => workers.postponed.map(({ kind, message }) => [kind, message]), SOON)
      .toContainEqual(['store_refused', expect.stringMatching(/friend: ER_TRANS_CACHE_FULL: .*max_binlog_cache_size/)]);
  } finally {
    await set(18_446_744_073_709_547_520n);
  }
});
