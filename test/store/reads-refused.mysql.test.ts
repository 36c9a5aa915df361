import { type Database, Health, type Key, type Session, SyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { requestReads } from '../../sync-service/src/application/operate/requests.ts';
import { watchProgress } from '../../sync-service/src/application/supervise/progress-watch.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { column } from '../support/drain.ts';
import { endedLog } from '../support/ended-log.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServerOptions, openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES, TWO_SOURCES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS };

async function open(tables: FriendServerOptions) {
  const server = await openFriendServer(tables);
  const feed = createFeed(server);
  const { stateDatabase } = server.configuration.settings.target;
  return {
    server,
    feed,
    reads: await openReads(server, feed),
    write: (sql: string) => server.user.write('rows', sql.replace('ACCOUNT', `${server.userDb}.account`)),
    sql: (sql: string) => server.friend.write('by hand', sql.replace('STATE', stateDatabase)),
    due: () => column(server, `SELECT k FROM ${stateDatabase}.due_key WHERE again = 0 ORDER BY k`),
    mirrored: () => column(server, `SELECT k FROM ${stateDatabase}.mirror_account ORDER BY k`),
    deleted: () => column(server, `SELECT k FROM ${stateDatabase}.mirror_account WHERE fs_deleted ORDER BY k`),
  };
}

/** `count` rows from key 1 on, each with a text of so many bytes. */
const rows = (count: number, bytes: (key: number) => number) =>
  `INSERT INTO ACCOUNT (id, nick) VALUES ${Array.from({ length: count }, (_, i) => `(${i + 1}, REPEAT('x', ${bytes(i + 1)}))`).join()}`;

test('case 36: a row that the mirror refuses is told, those beside it are written, and nothing waits for it until it is mended', async () => {
  const { server, feed, reads, write, sql, due, mirrored } = await open(TABLES);
  await using _ = reads;
  const { store } = server;
  const health = new Health();
  await using __ = watchProgress({ streams: [], store, admin: {} as KafkaAdmin }, health, 50);
  await write('ALTER TABLE ACCOUNT MODIFY nick VARCHAR(200)');
  await write(rows(50, (key) => (key === 21 ? 100 : 10)));
  await reads.round();
  expect(await mirrored()).toHaveLength(49);
  expect(await feed.source.due.refused(store.database)).toMatchObject([
    {
      key: 21n,
      reason:
        "the mirror's column of nick cannot hold the value (ER_DATA_TOO_LONG); friend-sync migrate widens the mirror",
    },
  ]);
  await expect
    .poll(() => health.troubles, SOON)
    .toMatchObject([{ part: 'rows that the mirror refuses', problem: expect.stringContaining('account 21') }]);
  expect(await feed.source.due.count(store.database, await feed.source.due.moment(store.database))).toBe(0);

  await sql('ALTER TABLE STATE.mirror_account MODIFY v_nick VARCHAR(200)');
  await sql('UPDATE STATE.due_key SET due = NOW(6)');
  await using ___ = reads.readDue();
  await expect.poll(due, SOON).toEqual([]);
  expect(await mirrored()).toHaveLength(50);
  await expect.poll(() => health.troubles, SOON).toEqual([]);
});

test('a refused key that is marked again is waited for again', async () => {
  const { server, feed, reads } = await open(TABLES);
  await using _ = reads;
  const { database } = server.store;
  await feed.source.due.refuse(database, 1n, 'a reason');
  await feed.rows([1n, undefined, 'Ann']);
  expect(await feed.source.due.refused(database)).toEqual([]);
  expect(await feed.source.due.count(database, await feed.source.due.moment(database))).toBe(1);
});

test('due keys that nobody looks at are told of as a pipeline that stands still', async () => {
  const { server, feed, reads } = await open(TABLES);
  await using _ = reads;
  const { store } = server;
  const health = new Health();
  await feed.source.due.mark(store.database, [1n]);
  await using __ = watchProgress({ streams: [], store, admin: {} as KafkaAdmin }, health, 50);
  const part = 'reads at the source';
  await expect.poll(() => health.troubles, SOON).toMatchObject([{ part, kind: 'pipeline_stuck' }]);
  await using ___ = reads.readDue();
  await expect.poll(() => health.troubles, SOON).toEqual([]);
});

test.each<[string, string, Key[], Key[]]>([
  ['BIGINT UNSIGNED', 'BIGINT', [-1n, 5n, 6n], [5n, 6n]],
  ['BIGINT', 'BIGINT UNSIGNED', [2n ** 64n - 1n, 5n, 6n], [5n, 6n]],
  ['VARCHAR(10)', 'VARCHAR(50)', ['abcdefghijklmn', 'a', 'b'], ['a', 'b']],
  ['VARCHAR(10) CHARACTER SET latin1', 'VARCHAR(50)', ['中', 'a', 'b'], ['a', 'b', '中']],
])(
  'of copies without a source row, those whose key a %s cannot be do not keep the others from what onDelete says',
  async (key, copyKey, keys, taken) => {
    const { server, feed, reads, due, deleted } = await open({
      userTables: [`CREATE TABLE account (id ${key} PRIMARY KEY, nick VARCHAR(64))`],
      friendTables: [
        `CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id ${copyKey}, nick VARCHAR(64), KEY (friend_id))`,
      ],
      sources: `
  - { name: account, table: USER.account, key: id, onDelete: { set: { nick: gone } }, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`,
    });
    await using _ = reads;
    await requestReads(server.store.database, feed.source, keys, { takesGone: true });
    await using __ = reads.readDue();
    await expect.poll(due, SOON).toEqual([]);
    expect(await deleted()).toEqual(taken.map(String));
  },
);

test('a key with a character that the source column lacks does not keep the others from being read', async () => {
  const { server, feed, reads, write, due, mirrored } = await open({
    userTables: ['CREATE TABLE account (id VARCHAR(10) CHARACTER SET latin1 PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id VARCHAR(10), nick VARCHAR(64), KEY (friend_id))',
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`,
  });
  await using _ = reads;
  await write("INSERT INTO ACCOUNT VALUES ('a', 'x'), ('b', 'y'), ('?', 'z')");
  await feed.source.due.mark(server.store.database, ['a', '中', 'b']);
  await using __ = reads.readDue();
  await expect.poll(due, SOON).toEqual([]);
  expect(await mirrored()).toEqual(['a', 'b']);
});

test('a source that does not answer is not taken for one without the row', async () => {
  const { reads, write } = await open(TABLES);
  await using _ = reads;
  await write("INSERT INTO ACCOUNT (id, nick) VALUES (1, 'Ann')");
  let failures = 1;
  const { database } = reads.parts;
  const transaction: Database['transaction'] = async (doing, work) => {
    if (failures-- > 0) throw new SyncError('store_refused', `${doing}: ER_NET_PACKET_TOO_LARGE`);
    return database.transaction(doing, work);
  };
  await expect(reads.having({ database: { ...database, transaction } }).look(1n)).rejects.toThrow('TOO_LARGE');
});

test('large rows are written, some megabytes in one statement', async () => {
  const { server, reads, write, mirrored } = await open(TWO_SOURCES);
  await using _ = reads;
  const { store } = server;
  const sizes: number[] = [];
  const measured =
    (session: Session): Session['write'] =>
    (step, sql, parameters) => {
      if (step === 'writing the mirror')
        sizes.push(JSON.stringify(parameters, (_, v) => (typeof v === 'bigint' ? 0 : v)).length);
      return session.write(step, sql, parameters);
    };
  const transaction: Database['transaction'] = (doing, work) =>
    store.database.transaction(doing, (tx) => {
      const roundTrip: typeof tx.roundTrip = (gather, end) =>
        tx.roundTrip((t) => gather({ ...t, write: measured(t) }), end);
      return work({ ...tx, write: measured(tx), roundTrip });
    });
  await write(rows(30, () => 500_000));
  await reads.having({ store: { ...store, database: { ...store.database, transaction } } }).round();
  expect(await mirrored()).toHaveLength(30);
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThan(5_000_000);
});

test('keys whose rows cannot be read together are read a few at a time', async () => {
  const { server, feed, reads, due } = await open(TABLES);
  await using _ = reads;
  const { source } = reads.parts;
  const counts: number[] = [];
  const ofKeys: typeof source.rows.ofKeys = async (database, keys, required) => {
    counts.push(keys.length);
    if (keys.length > 3) throw new SyncError('store_unavailable', 'reading: ER_QUERY_TIMEOUT');
    return source.rows.ofKeys(database, keys, required);
  };
  const keys = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
  await feed.source.due.mark(server.store.database, keys);
  const sourceOfFew = { ...source, rows: Object.assign(Object.create(source.rows), { ofKeys }) };
  await using __ = reads.having({ source: sourceOfFew }).readDue();
  await expect.poll(due, SOON).toEqual([]);
  expect(counts.slice(0, 3)).toEqual([12, 6, 3]);
});

test('what a round holds does not keep due keys from being read', async () => {
  const { server, feed, reads, write, due } = await open(TABLES);
  await using _ = reads;
  await write(rows(3, () => 5));
  const { suspects } = await reads.look(1n, 2n, 3n);
  const many = Array.from({ length: 2_000 }, () => suspects).flat();
  // One more message is waited for, until it is ingested.
  const admin = endedLog(async () => new Map([[0, 1n]]));
  const behind = reads.having({ admin });
  const settling = behind.settler.settle(many, { purpose: 'load' });
  expect([behind.settler.held('load'), behind.settler.held('due')]).toEqual([6_000, 0]);
  await feed.source.due.mark(server.store.database, [9n]);
  await using __ = behind.readDue();
  await expect.poll(due, SOON).toEqual([]);
  expect(behind.settler.held('load')).toBe(6_000);
  await feed.deletes(8n);
  await settling;
});

test('a decision that a key counts as deleted outlasts other marks, until a message tells of it', async () => {
  const { server, feed, reads } = await open(TABLES);
  await using _ = reads;
  const { database } = server.store;
  const { due } = feed.source;
  await due.mark(database, [9n], { takesGone: true });
  await due.mark(database, [9n]);
  const claim = () => database.transaction('claim', (tx) => due.claim(tx, 10));
  expect(await claim()).toMatchObject([{ key: 9n, takesGone: true }]);
  await feed.rows([9n, undefined, 'Ann']);
  await server.friend.write(
    'by hand',
    `UPDATE ${server.configuration.settings.target.stateDatabase}.due_key SET due = NOW(6)`,
  );
  expect(await claim()).toMatchObject([{ key: 9n, takesGone: false }]);
});
