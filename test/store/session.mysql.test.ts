import { readFile } from 'node:fs/promises';
import { loadConfiguration } from '@friend-sync/connectors';
import { type Database, openDatabase, openSourceDatabase, openStore, openTarget } from '@friend-sync/sync-service';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { sessionStatement } from '../../sync-service/src/infrastructure/mysql/server/session.ts';
import { executeMigration, planMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { HOSTILE, INIT_CONNECT } from '../support/hostile-settings.ts';
import { type OwnServers, openServers } from '../support/own-servers.ts';
import { TABLES } from '../support/tables.ts';

/** A user server of this file's own, whose settings may be anything. */
let own: OwnServers;
let root: Database;

beforeAll(async () => {
  own = await openServers(['user-mysql']);
  root = openDatabase(configurationOf('root').settings.source, { connections: 4 });
  await root.write('creating', 'CREATE DATABASE user_db');
  await root.write('creating', "CREATE USER reader@'%'");
  await root.write('granting', 'GRANT SELECT, INSERT ON user_db.* TO reader');
});
afterAll(async () => {
  await root?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
});

function configurationOf(user: string, port = own.userMysql.port) {
  return loadConfiguration({
    text: 'sources:\n  - { name: u, table: user_db.u, key: id, copies: [{ table: f, key: k, set: { nick: nick } }] }',
    file: 'test.yaml',
    env: {},
    overrides: {
      source: { host: '127.0.0.1', port, user, password: '' },
      target: { user, password: '', database: 'f' },
    },
  });
}

/** Sets the server's variables for sessions that begin from now on; gives back what puts them right. */
async function configure(variables: Readonly<Record<string, unknown>>): Promise<AsyncDisposable> {
  const names = Object.keys(variables);
  const [before = {}] = await root.rows('reading', `SELECT ${names.map((name) => `@@GLOBAL.${name} AS ${name}`)}`);
  const set = async (values: Readonly<Record<string, unknown>>) => {
    for (const name of names) await root.write('configuring', `SET GLOBAL ${name} = ?`, [values[name]]);
  };
  await set(variables);
  return { [Symbol.asyncDispose]: () => set(Object.fromEntries(names.map((name) => [name, numeric(before[name])]))) };
}

const numeric = (value: unknown) => (/^\d+$/.test(String(value)) ? BigInt(String(value)) : value);

test('case 80: whatever the settings of the user server are, a read returns every row as it is', async () => {
  await root.write('creating', 'CREATE TABLE user_db.u (id BIGINT PRIMARY KEY, nick CHAR(5), avatar VARCHAR(20))');
  const rows = [1, 2, 3].map((id) => ({ id: String(id), nick: 'é', avatar: `🍣"${id}\\` }));
  await root.write('inserting', 'INSERT INTO user_db.u VALUES ?', [rows.map((row) => Object.values(row))]);
  await using _ = await configure({ ...HOSTILE, init_connect: INIT_CONNECT });
  await using source = openSourceDatabase(configurationOf('reader'));
  const read = () =>
    source.rows('reading', 'SELECT * FROM user_db.u WHERE avatar IN (?) ORDER BY nick, id', [
      rows.map(({ avatar }) => avatar),
    ]);

  expect(await read()).toEqual(rows);
  expect(
    await source.transaction('reading', async (tx) => tx.rows('reading', 'SELECT COUNT(*) AS n FROM user_db.u')),
  ).toEqual([{ n: '3' }]);
  // On every connection of the pool, that of the transaction as well.
  expect(await Promise.all(Array.from({ length: 20 }, read))).toEqual(Array(20).fill(rows));
  expect(await source.rows('reading', 'SELECT SLEEP(0.1) AS was_ended')).toEqual([{ was_ended: '0' }]);
  await root.transaction('not committing', async (tx) => {
    await tx.write('updating', "UPDATE user_db.u SET nick = 'x'");
    expect(await read()).toEqual(rows);
    await tx.write('undoing', "UPDATE user_db.u SET nick = 'é'");
  });
  // A read that leaves its transaction open would hold up an ALTER.
  await using impatient = openDatabase(configurationOf('root').settings.source, { connections: 1 });
  await impatient.write('configuring', 'SET SESSION lock_wait_timeout = 1');
  await impatient.write('altering', 'ALTER TABLE user_db.u ADD COLUMN more INT');
});

test('case 80, 93: whatever the settings of the friend server are, migrate makes a mirror that the daemon finds', async () => {
  await root.write('creating', 'CREATE DATABASE f');
  await root.write('creating', 'CREATE TABLE f.friend (n INT PRIMARY KEY, k BIGINT, nick VARCHAR(64), KEY (k))');
  await root.write('creating', 'CREATE TABLE user_db.named (id BIGINT PRIMARY KEY, 昵称 VARCHAR(64))');
  await root.write('granting', 'GRANT ALL ON f.* TO reader');
  await root.write('granting', 'GRANT ALL ON sync_named.* TO reader');
  const server = { host: '127.0.0.1', port: own.userMysql.port, user: 'reader', password: '' };
  const configuration = loadConfiguration({
    text: 'sources:\n  - { name: u, table: user_db.named, key: id, copies: [{ table: friend, key: k, set: { nick: 昵称 } }] }',
    file: 'test.yaml',
    env: {},
    overrides: { source: server, target: { ...server, database: 'f', stateDatabase: 'sync_named' } },
  });
  await using _ = await configure(HOSTILE);
  await using source = openSourceDatabase(configuration);
  await using target = openTarget(configuration);
  await executeMigration(configuration, source, target);
  expect(await planMigration(configuration, source, target)).toEqual({ fixed: [], mirrors: [], problems: [] });
  expect([...(await openStore(configuration, target)).sources.keys()]).toEqual(['u']);
});

test('a source is only read', async () => {
  await using source = openSourceDatabase(configurationOf('reader'));
  await expect(source.write('writing', "INSERT INTO user_db.u VALUES (9, 'x', 'x', 1)")).rejects.toThrow(
    /READ_ONLY_TRANSACTION/,
  );
});

test('a read of a table that is locked is given up', async () => {
  await using _ = await configure({ lock_wait_timeout: 3_600 });
  await using source = openSourceDatabase(configurationOf('reader'));
  await root.transaction('locking', async (tx) => {
    await tx.write('locking', 'LOCK TABLES user_db.u WRITE');
    const read = source.rows('reading', 'SELECT * FROM user_db.u');
    await expect(read).rejects.toMatchObject({ policy: { directive: 'retry' } });
    await tx.write('unlocking', 'UNLOCK TABLES');
  });
});

test('a reader that has stopped inside a read holds up no ALTER', async () => {
  await root.write('creating', 'CREATE TABLE user_db.big (id INT PRIMARY KEY, v LONGTEXT)');
  for (let id = 0; id < 40; id++)
    await root.write('inserting', "INSERT INTO user_db.big VALUES (?, REPEAT('x', 1000000))", [id]);
  await using _ = await configure({ net_write_timeout: 3_600 });
  await using way = await TcpProxy.open(own.userMysql.port);
  await using source = openSourceDatabase(configurationOf('reader', way.port));
  const reading = source.transaction('reading', (tx) =>
    tx.roundTrip(
      (t) => [
        t.rows('beginning', 'SELECT id FROM user_db.big LIMIT 1'),
        t.rows('waiting', 'SELECT SLEEP(1)'),
        t.rows('reading', 'SELECT * FROM user_db.big'),
      ],
      'commit',
    ),
  );
  const ended = expect(reading).rejects.toMatchObject({ policy: { directive: 'retry' } });
  const isWaiting = "SELECT 1 FROM information_schema.processlist WHERE STATE = 'User sleep'";
  await expect
    .poll(async () => (await root.rows('looking', isWaiting)).length, { timeout: 60_000, interval: 20 })
    .toBe(1);
  way.stall();
  await root.write('altering', 'ALTER TABLE user_db.big ADD COLUMN more INT');
  way.heal();
  await ended;
});

test('case 80: nor do they end a statement that writes, or leave it uncommitted', async () => {
  await root.write('creating', 'CREATE TABLE user_db.w (id INT PRIMARY KEY, v INT)');
  await root.write('inserting', 'INSERT INTO user_db.w VALUES (1, 1)');
  await using _ = await configure(HOSTILE);
  await using writer = openDatabase(configurationOf('root').settings.source, { connections: 1 });
  expect(await writer.rows('reading', 'SELECT SLEEP(0.1) AS was_ended')).toEqual([{ was_ended: '0' }]);
  await writer.write('updating', 'UPDATE user_db.w SET v = 2 WHERE v = 1');
  expect(await root.rows('reading', 'SELECT v FROM user_db.w')).toEqual([{ v: 2 }]);
});

/** What our sessions set. */
const PINNED = [...new Set([...sessionStatement({}).matchAll(/(\w+) = /g)].map(([, name = '']) => name))];

test('case 80: every variable of a session is pinned, or it is said why it does no harm', async () => {
  const text = await readFile(new URL('../../docs/decisions/0024-the-settings-of-others.md', import.meta.url), 'utf8');
  const rows = await root.rows('listing', 'SHOW SESSION VARIABLES');
  const unsaid = rows.map(({ Variable_name: name }) => String(name)).filter((name) => !text.includes(`\`${name}\``));
  const isOfSessions = (name: string) =>
    root.rows('looking', `SELECT @@SESSION.${name}`).then(
      () => true,
      () => false,
    );
  expect((await Promise.all(unsaid.map(isOfSessions))).map((is, i) => is && unsaid[i]).filter(Boolean)).toEqual([]);
  const [, pinned = ''] = /\*Pinned, [^*]*\*: ([^.]*)\./.exec(text) ?? [];
  expect(new Set(pinned.match(/\w+/g))).toEqual(new Set(PINNED));
});

test('case 80: what our sessions begin with is the same whatever the settings of the server are', async () => {
  const begun = async (openSession: () => Database) => {
    await using session = openSession();
    const [row = {}] = await session.rows('looking', `SELECT ${PINNED.map((name) => `@@SESSION.${name} AS ${name}`)}`);
    return row;
  };
  const { settings } = configurationOf('reader');
  const open = [
    () => openDatabase(settings.source, { connections: 1 }),
    () => openSourceDatabase(configurationOf('reader')),
  ];
  const others = async () => {
    const connection = await createConnection({ host: '127.0.0.1', port: own.userMysql.port, user: 'reader' });
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ${PINNED.map((name) => `@@SESSION.${name} AS ${name}`)}`,
    );
    connection.destroy();
    return (rows[0] ?? {}) as Record<string, unknown>;
  };
  const before = await Promise.all(open.map(begun));
  await using _ = await configure({ ...HOSTILE, init_connect: INIT_CONNECT });
  const without = (row: Record<string, unknown>) => ({ ...row, timestamp: undefined });
  expect((await Promise.all(open.map(begun))).map(without)).toEqual(before.map(without));
  // All of them were otherwise.
  const hostile = await others();
  expect(PINNED.filter((name) => String(hostile[name]) === String(before[0]?.[name]))).toEqual([]);
});

test('case 80: migrate makes the same tables whatever the settings of the server are', async () => {
  await using _ = await configure({ ...HOSTILE, character_set_server: 'utf8mb4' });
  await using server = await openFriendServer({ ...TABLES, friendMysql: own.userMysql });
  const { configuration, user, store } = server;
  const others = `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? AND engine <> 'InnoDB'`;
  expect(await root.rows('looking', others, [configuration.settings.target.stateDatabase])).toEqual([]);
  expect(await planMigration(configuration, user, store.database)).toEqual({ fixed: [], mirrors: [], problems: [] });
});

test('case 80: what init_connect does wrong is told; nothing is said on a session that could not be made ours', async () => {
  await using _ = await configure({ init_connect: 'INSERT INTO audit.connections VALUES (1)' });
  await using source = openSourceDatabase(configurationOf('reader'));
  await expect(source.rows('reading', 'SELECT 1')).rejects.toMatchObject({
    kind: 'user_database_unavailable',
    message: expect.stringMatching(/^the user database: reading: .*init_connect command failed/),
  });
});

test('case 80: what is larger than the server takes is not sent, and told as that', async () => {
  await using _ = await configure({ max_allowed_packet: 4_096 });
  await using writer = openDatabase(configurationOf('root').settings.source, { connections: 1 });
  const session = async () => (await writer.rows('looking', 'SELECT CONNECTION_ID() AS id'))[0]?.id;
  const before = await session();
  const broken = writer.transaction('two statements', (tx) =>
    // The second one, issued beside the first, would not be in the transaction, which has not begun.
    Promise.allSettled([
      tx.rows('reading', 'SELECT ?', ['x'.repeat(4_096)]),
      tx.write('inserting', 'INSERT INTO user_db.w VALUES (9, 9)'),
    ]),
  );
  await expect(broken).rejects.toMatchObject({
    kind: 'store_refused',
    message: expect.stringMatching(/^begin, reading: ER_NET_PACKET_TOO_LARGE: 41\d\d bytes .* 4096$/),
  });
  expect(await root.rows('looking', 'SELECT * FROM user_db.w WHERE id = 9')).toEqual([]);
  expect(await writer.rows('reading', 'SELECT 1 WHERE LENGTH(?) = 4000', ['x'.repeat(4_000)])).toHaveLength(1);
  expect(await session()).toBe(before);
});

test('case 70: a connection that falls silent is given up, with its locks, and the next attempt has another', async () => {
  await root.write('creating', 'CREATE TABLE user_db.silent (id INT PRIMARY KEY)');
  await using way = await TcpProxy.open(own.userMysql.port);
  const server = configurationOf('root', way.port).settings.source;
  await using writer = openDatabase(server, { connections: 1, answerMs: 500, silenceSeconds: 2 });
  const insert = (id: number) => `INSERT INTO user_db.silent VALUES (${id})`;
  const isGivenUp = { kind: 'store_unavailable', message: expect.stringContaining('no answer within 0.5 s') };
  await writer.write('inserting', insert(1));
  way.silence();
  await expect(writer.write('inserting', insert(2))).rejects.toMatchObject(isGivenUp);
  const rows = () => writer.rows('looking', 'SELECT id FROM user_db.silent');
  expect(await rows()).toEqual([{ id: 1 }]);
  const broken = writer.transaction('several statements', async (tx) => {
    await tx.write('inserting', insert(2));
    way.silence();
    await tx.write('inserting', insert(3));
  });
  await expect(broken).rejects.toMatchObject(isGivenUp);
  expect(await rows()).toEqual([{ id: 1 }]);
  // The server ends the session that it does not hear of any more.
  await root.write('inserting', insert(2));
  expect(await writer.patient(10_000).rows('waiting', 'SELECT SLEEP(1) AS was_ended')).toEqual([{ was_ended: '0' }]);
  way.silence();
});

test('case 82: a statement of a round trip that is issued after something was awaited fails, and is not dropped', async () => {
  await root.write('creating', 'CREATE TABLE user_db.late (id INT PRIMARY KEY)');
  const insert = (id: number) => `INSERT INTO user_db.late VALUES (${id})`;
  const late = root.transaction('one round trip', (tx) =>
    tx.roundTrip(
      (t) => [t.write('at once', insert(1)), t.rows('at once', 'SELECT 1').then(() => t.write('late', insert(2)))],
      'commit',
    ),
  );
  await expect(late).rejects.toMatchObject({
    kind: 'internal',
    message: expect.stringContaining('after it had been sent'),
  });
  expect(await root.rows('looking', 'SELECT id FROM user_db.late')).toEqual([{ id: 1 }]);
});

test('a round trip that has nothing to say but COMMIT is waited for', async () => {
  await root.write('creating', 'CREATE TABLE user_db.parent (id INT PRIMARY KEY)');
  await root.transaction('one statement, then none', async (tx) => {
    await tx.write('inserting', 'INSERT INTO user_db.parent VALUES (1)');
    await tx.roundTrip(() => [], 'commit');
    expect(await root.rows('looking', 'SELECT id FROM user_db.parent')).toEqual([{ id: 1 }]);
  });
});
