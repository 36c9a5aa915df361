import { Secret } from '@friend-sync/connectors';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type OwnServers, openServers, type ServerAddress } from '../../../../../test/support/own-servers.ts';
import { type BinlogPlace, findUnsent } from './binlog-rest.ts';
import { type Database, openDatabase } from './database.ts';
import { gtidSet } from './gtid-set.ts';

/** Two quiet servers whose logs have the same names. */
let servers: OwnServers;
let server: Database;
let other: Database;

const open = ({ host, port }: ServerAddress) =>
  openDatabase({ host, port, user: 'root', password: new Secret(''), tls: false }, { connections: 2 });

beforeAll(async () => {
  servers = await openServers(['user-mysql', 'friend-mysql']);
  [server, other] = [open(servers.userMysql), open(servers.friendMysql)];
  for (const each of [server, other])
    await each.rows('a table', 'CREATE DATABASE d; CREATE TABLE d.t (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT)');
});
afterAll(async () => {
  await Promise.all([server, other].map((each) => each?.[Symbol.asyncDispose]()));
  await servers?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const each of [server, other]) await each.write('numbering anew', 'RESET BINARY LOGS AND GTIDS');
  await row(server);
});

const run = (sql: string, on = server) => on.rows('a statement', sql);
const row = (on: Database) => run("INSERT INTO d.t (v) VALUES ('some')", on);
const statement = () => run("ALTER TABLE d.t COMMENT 'c'");

async function executed(on = server): Promise<string> {
  const [found] = await run('SELECT @@global.gtid_executed AS gtids', on);
  return gtidSet(found?.gtids);
}

/** Where a connector stands that has read everything and counts `gtids` as sent. */
async function atEnd(gtids: string, on = server): Promise<BinlogPlace> {
  const last = (await run('SHOW BINARY LOGS', on)).at(-1);
  return { gtids, file: String(last?.Log_name), pos: Number(last?.File_size) };
}

const unsent = async (place: BinlogPlace, on = server) => findUnsent(on, place, await executed(on));

test('what the connector counts as sent is sent, wherever it stands', async () => {
  expect(await unsent({ gtids: await executed(), file: 'another', pos: 0 })).toBe(undefined);
});

test.each([
  ['DDL', () => statement()],
  ['a GRANT', () => run('CREATE USER IF NOT EXISTS a@localhost; GRANT SELECT ON d.t TO a@localhost')],
  [
    'DDL with a tagged GTID',
    () => run("SET gtid_next = 'automatic:tag'; ALTER TABLE d.t COMMENT 'e'; SET gtid_next = automatic"),
  ],
])('%s behind the place holds nothing up, a row does', async (_, change) => {
  const place = await atEnd(await executed());
  await change();
  expect(await unsent(place)).toBe(undefined);
  await row(server);
  expect(await unsent(place)).toMatch(/rows follow/);
});

test('XA COMMIT and XA ROLLBACK behind the place hold nothing up, XA PREPARE does; once the place has passed it, no more', async () => {
  for (const end of ['COMMIT', 'ROLLBACK']) {
    const before = await atEnd(await executed());
    // A prepared transaction is anybody's once its session has ended.
    const session = openDatabase(
      { ...servers.userMysql, user: 'root', password: new Secret(''), tls: false },
      { connections: 1 },
    );
    await run("XA START 'x'; INSERT INTO d.t (v) VALUES ('prepared'); XA END 'x'; XA PREPARE 'x'", session);
    await session[Symbol.asyncDispose]();
    expect(await unsent(before)).toMatch(/rows follow/);
    const passed = await atEnd(before.gtids);
    expect(await unsent(passed)).toBe(undefined);
    await expect
      .poll(() =>
        run(`XA ${end} 'x'`).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    expect(await unsent({ ...passed, gtids: await executedBefore(1) })).toBe(undefined);
  }
});

/** All but the last so many. */
async function executedBefore(last: number): Promise<string> {
  const [, uuid = '', n = ''] = (await executed()).match(/^(.+):\d+-(\d+)$/) ?? [];
  return `${uuid}:1-${Number(n) - last}`;
}

test('one statement that the connector has passed and does not count holds nothing up, in the next log neither; two are not proven', async () => {
  const sent = await executed();
  await statement();
  expect(await unsent(await atEnd(sent))).toBe(undefined);
  await run('FLUSH BINARY LOGS');
  expect(await unsent(await atEnd(sent))).toBe(undefined);
  await statement();
  expect(await unsent(await atEnd(sent))).toMatch(/not sent/);
});

test('case 96: a place in a log that the server has not, or past the end of a shorter one, proves nothing', async () => {
  const sent = await executed();
  for (let n = 0; n < 20; n++) await row(server);
  const place = await atEnd(await executedBefore(1));
  // The other server has executed the same, and its log is shorter.
  const [first] = await run('SELECT @@server_uuid AS uuid');
  for (let n = 2; n <= 21; n++)
    await run(`SET gtid_next = '${first?.uuid}:${n}'; BEGIN; COMMIT; SET gtid_next = automatic`, other);
  await run(`SET gtid_next = '${sent}'; BEGIN; COMMIT; SET gtid_next = automatic`, other);
  expect(await unsent(place, other)).toMatch(/another server's/);
  expect(await unsent({ ...place, file: 'binlog.000099' }, other)).toMatch(/the server's log ends in binlog.000001/);
});

test('case 96: a server that lacks what the connector has sent, or what a server that was read has, is named', async () => {
  const sent = await executed();
  const place = await atEnd(`${sent.split(':')[0]}:1-900`);
  await row(other);
  expect(await findUnsent(server, place, await executed(other))).toMatch(/lacks .*set back/);
  expect(await findUnsent(server, await atEnd(sent), await executed(other))).toMatch(
    /which a server that was read has/,
  );
});

test('case 96: transactions that were added to gtid_purged by hand, or whose logs were purged, are named; the last one that the connector has passed holds nothing up', async () => {
  const sent = await executed();
  await statement();
  await run('FLUSH BINARY LOGS');
  await run('PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY');
  const passed = await atEnd(sent);
  expect(await unsent(passed)).toBe(undefined);
  expect(await unsent({ ...passed, file: 'binlog.000001' })).toMatch(/no binary log/);

  await run("SET GLOBAL gtid_purged = '+aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:1'");
  expect(await unsent(await atEnd(`${sent.split(':')[0]}:1-2`))).toMatch(/added to gtid_purged by hand/);
});
