import { type Key, openStore, type Value } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain, LIMITS } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';
import { startWorkers } from '../support/workers.ts';

const { copyLockedMs } = SCALE;

test('every copy in two targets becomes equal, and a second pass writes nothing', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1,'x'),(1,'y'),(2,'z')`,
  );
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.member VALUES (7,1,'x'),(8,2,NULL)`);
  await feed.rows([1n, 'a.png', 'Ann'], [2n, null, '']);

  expect((await drain(server)).written).toBe(5);
  expect(
    await column(
      server,
      `SELECT CONCAT_WS('|', friend_id, nick, IFNULL(avatar, 'NULL')) FROM ${server.friendDb}.friend ORDER BY id`,
    ),
  ).toEqual(['1|Ann|a.png', '1|Ann|a.png', '2||NULL']);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.member ORDER BY team_id`)).toEqual(['Ann', '']);

  await feed.source.pending.mark(server.store.database, [1n, 2n]);
  expect(await drain(server)).toEqual({ written: 0, postponed: [], unfit: [] });
});

test.each<[string, Value, Value]>([
  ['letter case', 'bob', 'Bob'],
  ['an accent', 'cafe', 'café'],
  ['a trailing space', 'x', 'x '],
  ['emoji that collate alike', '🍣', '🍺'],
  ['normal forms', 'e\u0301', '\u00e9'],
  ['the empty string and NULL', '', null],
  ['NULL and the empty string', null, ''],
  ['U+0000', 'a', 'a\u0000'],
])('case 31: a change of %s alone is written', async (_, from, to) => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1, ?)`, [from]);
  await feed.rows([1n, null, to]);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual([to]);
});

test('a key with more copies than a transaction may change goes chunk by chunk, by a composite primary key too', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const ids = Array.from({ length: 25 }, (_, i) => i);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES ${ids.map(() => "(1,'old')").join()}`,
  );
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.member VALUES ${ids.map((i) => `(${i},1,'old')`).join()}`,
  );
  await feed.rows([1n, null, 'new'], [2n, null, 'other']);
  expect((await drain(server, { ...LIMITS, chunkRows: 4 })).written).toBe(50);
  expect(await column(server, `SELECT DISTINCT nick FROM ${server.friendDb}.friend`)).toEqual(['new']);
  expect(await column(server, `SELECT DISTINCT nick FROM ${server.friendDb}.member`)).toEqual(['new']);
  expect(await server.store.sources.get('account')?.pending.count(server.store.database)).toEqual({
    pending: 0,
    parked: 0,
  });
});

test('case 33: a value that does not fit parks its own key, names no value, and a later value un-parks it', async () => {
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [
      TABLES.friendTables[0]?.replace('nick VARCHAR(64)', 'nick VARCHAR(5)') ?? '',
      TABLES.friendTables[1] ?? '',
    ],
  });
  const feed = createFeed(server);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1,'a'),(2,'b'),(3,'c')`,
  );
  await feed.rows([1n, null, 'Ann'], [2n, null, 'much too long'], [3n, null, 'Cid']);
  const { postponed } = await drain(server);
  expect(postponed.map(({ kind }) => kind)).toEqual(['store_refused']);
  expect(JSON.stringify(postponed.map((error) => [error.message, String(error.cause)]))).not.toContain('much too long');
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`)).toEqual(['Ann', 'b', 'Cid']);
  await feed.rows([2n, null, 'Bea']);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`)).toEqual(['Ann', 'Bea', 'Cid']);
});

test(
  'case 44: a copy that somebody else has locked delays its own key only, for however long',
  async () => {
    await using server = await openFriendServer(TABLES);
    const { friend, friendDb } = server;
    const feed = createFeed(server);
    const nicks = () => column(server, `SELECT nick FROM ${friendDb}.friend ORDER BY id`);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (1,'a'),(2,'b'),(3,'c')`);
    await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
    await friend.transaction('the application', async (tx) => {
      await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id = 2 FOR UPDATE`);
      const { postponed } = await drain(server);
      expect(postponed.map(({ kind }) => kind)).toEqual(['store_contended']);
      expect(await nicks()).toEqual(['Ann', 'b', 'Cid']);
      const until = Date.now() + copyLockedMs;
      for (let n = 0; Date.now() < until; n++) {
        await feed.rows([1n, null, `Ann ${n}`], [3n, null, `Cid ${n}`]);
        await drain(server);
        expect(await nicks()).toEqual([`Ann ${n}`, 'b', `Cid ${n}`]);
      }
      expect(await feed.source.pending.count(friend)).toEqual({ pending: 1, parked: 0 });
    });
    await expect.poll(() => drain(server).then(async () => (await nicks())[1]), { timeout: PATIENCE_MS }).toBe('Bea');
  },
  // Less than the 50 s for which MySQL would wait by itself.
  copyLockedMs + 28_000,
);

test('while copies are being written, no newer value of their key is stored', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await feed.rows([1n, null, 'old']);
  await server.store.database.transaction('a pass', async (tx) => {
    await feed.source.copies[0]?.makeEqual(tx, [1n]);
    // Ingest waits for the pass; in the end it gives up, as it does for any lock.
    await expect(feed.rows([1n, null, 'new'])).rejects.toMatchObject({ kind: 'store_contended' });
  });
  await feed.rows([1n, null, 'new']);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['new']);
});

test('case 28: keys beyond 2^53 and their neighbours stay apart', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const keys: Key[] = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -5n];
  for (const key of keys)
    await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (?)`, [key]);
  await feed.rows(...keys.map((key): [Key, Value, Value] => [key, null, `n${key}`]));
  expect((await drain(server)).written).toBe(5);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`)).toEqual(
    keys.map((key) => `n${key}`),
  );
});

test('case 28: string keys that differ in case or trailing space hit exactly their own row', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE account (id VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id VARCHAR(40) COLLATE utf8mb4_general_ci, nick VARCHAR(64), KEY (friend_id))',
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick } }]`,
  });
  const feed = createFeed(server);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES ('bob'),('Bob'),('bob '),('BOB')`,
  );
  await feed.rows(['bob', 'exact']);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY n`)).toEqual([
    'exact',
    null,
    null,
    null,
  ]);
});

test('unsigned keys beyond 2^63 are copied', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE account (id BIGINT UNSIGNED PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT UNSIGNED, nick VARCHAR(64), KEY (friend_id))',
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick } }]`,
  });
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (?), (?)`, [
    2n ** 63n + 1n,
    2n ** 63n + 2n,
  ]);
  await feed.rows([2n ** 63n + 1n, 'far']);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY n`)).toEqual(['far', null]);
});

test('the delete policy writes its values, for the deleted key only, and keeps the row', async () => {
  await using server = await openFriendServer({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  const feed = createFeed(server);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick, avatar) VALUES (1,'a','p'),(2,'b','q')`,
  );
  await feed.rows([1n, 'p', 'Ann'], [2n, 'q', 'Bea']);
  await drain(server);
  await feed.deletes(1n);
  await expect
    .poll(
      () =>
        drain(server).then(() =>
          column(server, `SELECT CONCAT(nick, avatar) FROM ${server.friendDb}.friend ORDER BY id`),
        ),
      { timeout: PATIENCE_MS },
    )
    .toEqual(['gonep', 'Beaq']);
});

test('a column whose value is unknown is left as it is', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write(
    'copies',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick, avatar) VALUES (1,'a','p')`,
  );
  await feed.rows([1n, undefined, 'Ann']);
  await drain(server);
  expect(await column(server, `SELECT CONCAT(nick, avatar) FROM ${server.friendDb}.friend`)).toEqual(['Annp']);
});

test('a column that left the mapping and comes back is unknown where its row has changed since', async () => {
  await using server = await openFriendServer(TABLES);
  const { store, configuration, friend, friendDb } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  const feed = createFeed(server);
  await feed.rows([1n, 'old.png', 'Ann']);
  await drain(server);
  const withoutAvatar = configuration.mapping.sources.map((source) => ({ ...source, columns: ['nick'], copies: [] }));
  const meanwhile = await openStore({ ...configuration, mapping: { sources: withoutAvatar } }, store.database);
  const position = { epoch: 1, partition: 0, offset: feed.nextOffset };
  await store.database.transaction('another mapping ingests', async (tx) =>
    meanwhile.sources
      .get('account')
      ?.mirror.write(tx, [
        { key: 1n, values: ['Bea'], position, isDeleted: false, committedAtMs: 1, readNumber: 0n, knownUntil: -1n },
      ]),
  );
  await friend.write('the application knows better', `UPDATE ${friendDb}.friend SET avatar = 'new.png'`);
  await store.database.transaction('marking', (tx) => feed.source.pending.mark(tx, [1n]));
  await drain(server);
  expect(await column(server, `SELECT CONCAT(nick, ' ', avatar) FROM ${friendDb}.friend`)).toEqual(['Bea new.png']);
});

test('while many changes of a source wait, its keys ripen; one that was marked long enough ago is written', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb, configuration } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1), (2)`);
  const feed = createFeed(server);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea']);
  const { stateDatabase } = configuration.settings.target;
  await friend.write(
    'as time would',
    `UPDATE ${stateDatabase}.pending SET due = due - INTERVAL 5 SECOND WHERE k = '2'`,
  );
  let waiting = 100_000;
  await using workers = startWorkers(server);
  workers.tellWaiting('account', 't/0', waiting);
  const nicks = () => {
    workers.tellWaiting('account', 't/0', waiting);
    return column(server, `SELECT nick FROM ${friendDb}.friend ORDER BY friend_id`);
  };
  await expect.poll(nicks, { timeout: PATIENCE_MS, interval: 20 }).toEqual([null, 'Bea']);
  // It waits no longer once the changes do not.
  waiting = 0;
  await expect.poll(nicks, { timeout: PATIENCE_MS, interval: 20 }).toEqual(['Ann', 'Bea']);
});

test('keys that are parked are tried again when a daemon starts', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb, configuration } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  await createFeed(server).rows([1n, null, 'Ann']);
  const { stateDatabase } = configuration.settings.target;
  await friend.write('parking', `UPDATE ${stateDatabase}.pending SET attempts = 9, due = NOW(6) + INTERVAL 1 HOUR`);
  await using workers = startWorkers(server);
  await workers.settled();
  expect(await column(server, `SELECT nick FROM ${friendDb}.friend`)).toEqual(['Ann']);
});
