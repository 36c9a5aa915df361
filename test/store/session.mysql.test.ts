import { loadConfiguration } from '@friend-sync/connectors';
import {
  type Database,
  executeMigration,
  openDatabase,
  openSourceDatabase,
  openStore,
  openTarget,
  planMigration,
} from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { type OwnServers, openServers } from '../support/own-servers.ts';

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

const HOSTILE: Readonly<Record<string, string | number>> = {
  sql_mode: 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT',
  character_set_results: 'latin1',
  init_connect: "SET NAMES latin1, sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
  sql_select_limit: 1,
  max_execution_time: 1,
  max_join_size: 1,
  autocommit: 0,
  completion_type: 'CHAIN',
  transaction_isolation: 'READ-UNCOMMITTED',
  net_write_timeout: 3_600,
  lock_wait_timeout: 3_600,
};

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
  await using _ = await configure(HOSTILE);
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
    .poll(async () => (await root.rows('looking', isWaiting)).length, { timeout: 10_000, interval: 20 })
    .toBe(1);
  way.stall();
  await root.write('altering', 'ALTER TABLE user_db.big ADD COLUMN more INT');
  way.heal();
  await ended;
});

test('case 80: nor do they end a statement that writes, or leave it uncommitted', async () => {
  await root.write('creating', 'CREATE TABLE user_db.w (id INT PRIMARY KEY, v INT)');
  await root.write('inserting', 'INSERT INTO user_db.w VALUES (1, 1)');
  await using _ = await configure({ ...HOSTILE, sql_safe_updates: 1, transaction_read_only: 1 });
  await using writer = openDatabase(configurationOf('root').settings.source, { connections: 1 });
  expect(await writer.rows('reading', 'SELECT SLEEP(0.1) AS was_ended')).toEqual([{ was_ended: '0' }]);
  await writer.write('updating', 'UPDATE user_db.w SET v = 2 WHERE v = 1');
  expect(await root.rows('reading', 'SELECT v FROM user_db.w')).toEqual([{ v: 2 }]);
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
