import { readParked, retryParked } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain, LIMITS } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

const [FRIEND = '', MEMBER = ''] = TABLES.friendTables;
const NARROW = { ...TABLES, friendTables: [FRIEND.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), MEMBER] };

const friends = ({ friendDb }: FriendServer) =>
  `SELECT CONCAT_WS('|', friend_id, IFNULL(nick, '-'), IFNULL(avatar, '-')) FROM ${friendDb}.friend ORDER BY id`;
const members = ({ friendDb }: FriendServer) =>
  `SELECT CONCAT_WS('|', user_id, IFNULL(nick, '-')) FROM ${friendDb}.member ORDER BY user_id`;

/** Has every key that waits tried again now. */
async function tryNow({ friend, configuration }: FriendServer): Promise<void> {
  await friend.write('ending waits', `UPDATE ${configuration.settings.target.stateDatabase}.pending SET due = NOW(6)`);
}

/** Some copies of the keys 1 to 3 in both targets. */
async function createCopies({ friend, friendDb }: FriendServer): Promise<void> {
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES (7,1),(7,2),(7,3)`);
}

test.each([
  ['few', LIMITS.chunkRows],
  ['many', 1],
])(
  'case 75: a key with %s copies that one column refuses is parked, and everything else of it is written',
  async (_, chunkRows) => {
    await using server = await openFriendServer(NARROW);
    const feed = createFeed(server);
    await createCopies(server);
    await server.friend.write('more copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (2)`);
    await feed.rows([1n, 'a.png', 'Ann'], [2n, 'b.png', 'much too long'], [3n, 'c.png', 'Cid']);
    await drain(server, { ...LIMITS, chunkRows });
    expect(await column(server, friends(server))).toEqual(['1|Ann|a.png', '2|-|b.png', '3|Cid|c.png', '2|-|b.png']);
    expect(await column(server, members(server))).toEqual(['1|Ann', '2|much too long', '3|Cid']);
    const [parked, ...others] = await feed.source.pending.parked(server.friend);
    expect(others).toEqual([]);
    expect(parked).toMatchObject({
      key: 2n,
      reason: `${server.friendDb}.friend, column nick: ER_DATA_TOO_LONG: the value is too long: widen the column, or shorten the value`,
    });
  },
);

test('case 75: what is refused is named, by a target or the mirror, and is tried again at once where somebody asks', async () => {
  await using server = await openFriendServer(NARROW);
  const { store, friend, friendDb, configuration } = server;
  const feed = createFeed(server);
  await createCopies(server);
  await feed.rows([2n, 'b.png', 'much too long']);
  await drain(server);
  await feed.source.due.refuse(store.database, 3n, 'the mirror is too narrow');
  const { parked, parkedCounts } = await readParked(store);
  const since = expect.stringMatching(/^20\d\d-/);
  expect(parked).toEqual([
    { source: 'account', key: 2n, since, reason: expect.stringContaining('column nick: ER_DATA_TOO_LONG') },
    { source: 'account', key: 3n, since, reason: 'the mirror is too narrow' },
  ]);
  expect(parkedCounts).toEqual({ account: 2 });

  const { stateDatabase } = configuration.settings.target;
  for (const table of ['pending', 'due_key'])
    await friend.write('backing off', `UPDATE ${stateDatabase}.${table} SET due = NOW(6) + INTERVAL 5 MINUTE`);
  await friend.write('mending', `ALTER TABLE ${friendDb}.friend MODIFY nick VARCHAR(64)`);
  expect(await drain(server)).toMatchObject({ written: 0 });
  expect(await retryParked(store.database, feed.source)).toBe(2);
  expect(await drain(server)).toMatchObject({ written: 1 });
  const due = await store.database.transaction('due', (tx) => feed.source.due.claim(tx, 10));
  expect(due.map(({ key }) => key)).toEqual([3n]);
});

test('case 83: a key that gets another value while the one before is refused is not parked, but written at once', async () => {
  await using server = await openFriendServer(NARROW);
  const feed = createFeed(server);
  await createCopies(server);
  await feed.rows([2n, 'b.png', 'much too long']);
  let asked = 0;
  const { postponed } = await drain(server, LIMITS, async () => {
    // Before the last target, when the first one has refused it as a whole and by column.
    if (++asked === 4) await feed.rows([2n, 'b.png', 'Bea']);
  });
  expect(postponed).toHaveLength(1);
  expect(await column(server, friends(server))).toEqual(['1|-|-', '2|Bea|b.png', '3|-|-']);
  expect(await feed.source.pending.count(server.friend)).toEqual({ pending: 0, parked: 0 });
});

/** An error that no list names, of one key, with a text that may hold a value. */
const REFUSING_TWO = `FOR EACH ROW
  IF NEW.friend_id = 2 THEN
    SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 31000, MESSAGE_TEXT = 'secret';
  END IF`;

test('case 73: an error that nobody has listed parks the key that it is of; the others are written', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  await createCopies(server);
  await friend.write(
    'a trigger',
    `CREATE TRIGGER ${friendDb}.refusing BEFORE UPDATE ON ${friendDb}.friend ${REFUSING_TWO}`,
  );
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
  const { postponed } = await drain(server);
  expect(await column(server, friends(server))).toEqual(['1|Ann|-', '2|-|-', '3|Cid|-']);
  expect(await column(server, members(server))).toEqual(['1|Ann', '2|Bea', '3|Cid']);
  expect(await feed.source.pending.count(friend)).toEqual({ pending: 1, parked: 1 });
  expect(await feed.source.pending.oldestSeconds(friend)).toBeUndefined();
  expect(postponed.map(({ kind, message }) => [kind, message])).toEqual([
    ['store_refused', `${friendDb}.friend: 31000: the server refuses the row`],
  ]);
});

test.each([
  [
    'a column is renamed',
    'ALTER TABLE DB.member RENAME COLUMN nick TO away',
    'ALTER TABLE DB.member RENAME COLUMN away TO nick',
  ],
  ['the table is gone', 'RENAME TABLE DB.member TO DB.away', 'RENAME TABLE DB.away TO DB.member'],
  [
    'a trigger is not fit',
    'CREATE TRIGGER DB.unfit BEFORE UPDATE ON DB.member FOR EACH ROW CALL DB.missing()',
    'DROP TRIGGER DB.unfit',
  ],
])(
  'case 73: while %s, its other targets are written, nothing is parked, and the rest follows once it is mended',
  async (_, spoil, mend) => {
    await using server = await openFriendServer(TABLES);
    const { friend, friendDb } = server;
    const feed = createFeed(server);
    await createCopies(server);
    await friend.write('spoiling', spoil.replaceAll('DB', friendDb));
    await feed.rows([1n, 'a.png', 'Ann'], [2n, null, 'Bea']);
    const { postponed, unfit } = await drain(server);
    expect(await column(server, friends(server))).toEqual(['1|Ann|a.png', '2|Bea|-', '3|-|-']);
    expect(postponed).toEqual([]);
    expect(unfit.map(({ kind }) => kind)).toEqual(['copy_unfit']);
    expect(unfit[0]?.message).toContain(`${friendDb}.member: `);
    expect(await feed.source.pending.count(friend)).toEqual({ pending: 2, parked: 0 });

    await friend.write('mending', mend.replaceAll('DB', friendDb));
    await tryNow(server);
    await drain(server);
    expect(await column(server, members(server))).toEqual(['1|Ann', '2|Bea', '3|-']);
    expect(await feed.source.pending.count(friend)).toEqual({ pending: 0, parked: 0 });
  },
);

test('case 73: a key with many copies passes over a target that is not fit, to those behind it', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  await createCopies(server);
  await friend.write('more copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES (8,1),(9,1)`);
  await friend.write('spoiling', `ALTER TABLE ${friendDb}.friend RENAME COLUMN avatar TO away`);
  await feed.rows([1n, 'a.png', 'Ann']);
  await drain(server, { ...LIMITS, chunkRows: 2 });
  expect(await column(server, `SELECT nick FROM ${friendDb}.member WHERE user_id = 1`)).toEqual(['Ann', 'Ann', 'Ann']);
  await friend.write('mending', `ALTER TABLE ${friendDb}.friend RENAME COLUMN away TO avatar`);
  await tryNow(server);
  await drain(server, { ...LIMITS, chunkRows: 2 });
  expect((await column(server, friends(server)))[0]).toBe('1|Ann|a.png');
  expect(await feed.source.pending.count(friend)).toEqual({ pending: 0, parked: 0 });
});

test.each([
  ['a target column is renamed', 'ALTER TABLE DB.member RENAME COLUMN nick TO away'],
  [
    'a trigger raises an error that nobody has listed',
    `CREATE TRIGGER DB.refusing BEFORE UPDATE ON DB.friend ${REFUSING_TWO}`,
  ],
])('case 73: ingest does not stop while %s', async (_, spoil) => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server, true);
  await createCopies(server);
  await feed.rows([2n, null, 'Bob']);
  await drain(server);
  await server.friend.write('spoiling', spoil.replaceAll('DB', server.friendDb));
  expect(await feed.rows([2n, null, 'Bea'])).toMatchObject({ kind: 'stored', markCount: 1, applied: undefined });
});
