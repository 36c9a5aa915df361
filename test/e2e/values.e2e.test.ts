import { expect, test } from 'vitest';
import { openPipeline } from '../support/pipeline.ts';

/** Values that something on the way might fold, pad, cut or misread. */
const VALUES = [
  '👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  'e\u0301 and \u00e9',
  'مرحبا \u202e',
  'a\u0000b',
  '🍣'.repeat(255),
  `' " \\ \` %s ; -- /* */ \${x} {"a":1}`,
  "Robert'); DROP TABLE account;--",
  'trailing   ',
  '',
  null,
];

test('case 30, 32: every value arrives byte for byte, by the stream and by a backfill', async () => {
  await using pipeline = await openPipeline({
    userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(255), avatar TEXT)'],
    friendTables: [
      'CREATE TABLE friend (n BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(255), avatar TEXT, KEY (friend_id))',
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick, avatar: avatar } }]`,
  });
  const { user, friend, userDb, friendDb } = pipeline;
  await pipeline.startDaemon();
  for (const [id, value] of VALUES.entries()) {
    await user.write('users', `INSERT INTO ${userDb}.account VALUES (?, ?, ?)`, [id, value, value]);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (?, 'none')`, [id]);
  }
  const copies = async () =>
    (await friend.rows('reading', `SELECT nick, avatar FROM ${friendDb}.friend ORDER BY n`)).map((row) => ({ ...row }));
  const wanted = VALUES.map((value) => ({ nick: value, avatar: value }));
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect(await copies()).toEqual(wanted);

  await friend.write('corrupting', `UPDATE ${friendDb}.friend SET nick = 'corrupted', avatar = NULL`);
  const [source] = pipeline.configuration.mapping.sources;
  if (source) await pipeline.operations.backfill([source], 60_000);
  await pipeline.settled();
  expect(await copies()).toEqual(wanted);
});

test('case 28: keys beyond 2^53, unsigned and textual ones reach exactly their rows, by the stream and by a backfill of named keys', async () => {
  await using pipeline = await openPipeline({
    userTables: [
      'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64))',
      'CREATE TABLE device (id BIGINT UNSIGNED PRIMARY KEY, label VARCHAR(64))',
      'CREATE TABLE room (code VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, title VARCHAR(64))',
    ],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), KEY (friend_id))',
      'CREATE TABLE pairing (n INT AUTO_INCREMENT PRIMARY KEY, device_id BIGINT UNSIGNED, label VARCHAR(64), KEY (device_id))',
      'CREATE TABLE visit (n INT AUTO_INCREMENT PRIMARY KEY, room VARCHAR(40), title VARCHAR(64), KEY (room))',
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }
  - { name: device, table: USER.device, key: id, copies: [{ table: pairing, key: device_id, set: { label: label } }] }
  - { name: room, table: USER.room, key: code, copies: [{ table: visit, key: room, set: { title: title } }] }`,
  });
  const { user, friend, userDb, friendDb, operations } = pipeline;
  const signed = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -7n];
  const unsigned = [2n ** 63n - 1n, 2n ** 63n + 1n, 2n ** 64n - 1n];
  const textual = ['bob', 'Bob', 'BOB', "o'neil", '🍣'];
  await pipeline.startDaemon();
  for (const key of signed) {
    await user.write('users', `INSERT INTO ${userDb}.account VALUES (?, ?)`, [key, `n${key}`]);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (?)`, [key]);
  }
  for (const key of unsigned) {
    await user.write('users', `INSERT INTO ${userDb}.device VALUES (?, ?)`, [key, `n${key}`]);
    await friend.write('copies', `INSERT INTO ${friendDb}.pairing (device_id) VALUES (?)`, [key]);
  }
  for (const key of textual) {
    await user.write('users', `INSERT INTO ${userDb}.room VALUES (?, ?)`, [key, `n${key}`]);
    await friend.write('copies', `INSERT INTO ${friendDb}.visit (room) VALUES (?)`, [key]);
  }
  const all = async () => {
    const read = async (sql: string) => (await friend.rows('reading', sql)).map((row) => Object.values(row)[0]);
    return [
      await read(`SELECT nick FROM ${friendDb}.friend ORDER BY n`),
      await read(`SELECT label FROM ${friendDb}.pairing ORDER BY n`),
      await read(`SELECT title FROM ${friendDb}.visit ORDER BY n`),
    ];
  };
  const wanted = [signed, unsigned, textual].map((keys) => keys.map((key) => `n${key}`));
  expect(await pipeline.settled()).toMatchObject({ copies: 13, mismatches: 0 });
  expect(await all()).toEqual(wanted);

  for (const table of ['friend SET nick', 'pairing SET label', 'visit SET title']) {
    await friend.write('corrupting', `UPDATE ${friendDb}.${table} = 'corrupted'`);
  }
  const keys: Record<string, (bigint | string)[]> = { account: signed, device: unsigned, room: textual };
  for (const source of pipeline.configuration.mapping.sources)
    await operations.requestReads(source, keys[source.name] ?? []);
  await pipeline.settled();
  expect(await all()).toEqual(wanted);
});

test('the same target table twice, by two foreign keys', async () => {
  await using pipeline = await openPipeline({
    userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64))'],
    friendTables: [
      `CREATE TABLE transfer (a BIGINT, b BIGINT, a_nick VARCHAR(64), b_nick VARCHAR(64), touched TIMESTAMP DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP,
         PRIMARY KEY (a, b), KEY (b))`,
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies:
      - { table: transfer, key: a, set: { a_nick: nick }, preserve: [touched] }
      - { table: transfer, key: b, set: { b_nick: nick }, preserve: [touched] }`,
  });
  const { user, friend, userDb, friendDb } = pipeline;
  await pipeline.startDaemon();
  await friend.write('copies', `INSERT INTO ${friendDb}.transfer (a, b) VALUES (1,2),(2,1),(2,3)`);
  await user.write('users', `INSERT INTO ${userDb}.account VALUES (1,'Ann'),(2,'Bea'),(3,'Cid')`);
  expect(await pipeline.settled()).toMatchObject({ copies: 6, mismatches: 0 });
  const rows = await friend.rows(
    'reading',
    `SELECT CONCAT_WS(' ', a_nick, b_nick, YEAR(touched)) AS row_ FROM ${friendDb}.transfer ORDER BY a, b`,
  );
  expect(rows.map((row) => row.row_)).toEqual(['Ann Bea 2020', 'Bea Ann 2020', 'Bea Cid 2020']);
});
