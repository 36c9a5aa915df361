import { describeDifference } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { passBarrier } from '../../sync-service/src/application/proof/barrier.ts';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { countParked } from '../../sync-service/src/application/supervise/count-parked.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { Metrics } from '../../sync-service/src/metrics.ts';
import { drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

/** Visits hold copies of their rooms' titles; a room's key is as `code` says. */
const openRooms = (code: string) =>
  openFriendServer({
    userTables: [`CREATE TABLE room (code ${code} PRIMARY KEY, title VARCHAR(64))`],
    friendTables: [
      'CREATE TABLE visit (n INT AUTO_INCREMENT PRIMARY KEY, room VARCHAR(40), title VARCHAR(64), KEY (room))',
    ],
    sources: `
  - name: room
    table: USER.room
    key: code
    copies: [{ table: visit, key: room, set: { title: title } }]
    onDelete: { set: { title: gone } }`,
  });

test('case 83: of copies without a source row those are named that lack what onDelete says, as far as the mirror could have their key', async () => {
  await using server = await openRooms('VARCHAR(5)');
  const { user, friend, friendDb, configuration } = server;
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.visit (room, title) VALUES ('old', 'gone'), ('new', 'a hall'), ('longer', 'a hall'), ('none', NULL)`,
  );
  const { orphans, orphaned } = await compareCopies(configuration, user, friend);
  expect(orphans).toBe(4);
  expect([...(orphaned.get('room') ?? [])].sort()).toEqual(['new', 'none']);
});

test('a copy that spells its key otherwise than the source is told of, and is none that lacks its row', async () => {
  await using server = await openRooms('VARCHAR(9) COLLATE utf8mb4_0900_ai_ci');
  const { user, userDb, friend, friendDb, configuration } = server;
  await user.write('rooms', `INSERT INTO ${userDb}.room VALUES ('a1', 'a hall'), ('b1', 'b hall')`);
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.visit (room, title) VALUES ('a1', 'a hall'), ('A1', NULL), ('B1', 'b hall'), ('c1', NULL)`,
  );
  const { copies, mismatches, misspelt, orphans, orphaned, unmatched } = await compareCopies(
    configuration,
    user,
    friend,
  );
  expect({ copies, mismatches, misspelt, orphans }).toEqual({ copies: 1, mismatches: 0, misspelt: 2, orphans: 1 });
  expect([...(orphaned.get('room') ?? [])]).toEqual(['c1']);
  expect(unmatched.map(describeDifference)).toContain(
    `${friendDb}.visit room=B1: the source spells this key otherwise`,
  );
});

test('case 83: a key of another sign than the source’s keys is not asked for', async () => {
  await using server = await openFriendServer({
    userTables: ['CREATE TABLE device (id BIGINT UNSIGNED PRIMARY KEY, label VARCHAR(64))'],
    friendTables: [
      'CREATE TABLE pairing (n INT AUTO_INCREMENT PRIMARY KEY, device BIGINT, label VARCHAR(64), KEY (device))',
    ],
    sources: `
  - name: device
    table: USER.device
    key: id
    copies: [{ table: pairing, key: device, set: { label: label } }]
    onDelete: { set: { label: gone } }`,
  });
  const { user, friend, friendDb, configuration } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.pairing (device) VALUES (-5), (5)`);
  const { orphans, orphaned } = await compareCopies(configuration, user, friend);
  expect({ orphans, keys: [...(orphaned.get('device') ?? [])] }).toEqual({ orphans: 2, keys: [5n] });
});

test('case 83: parked keys are counted in a metric', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await feed.rows([1n, null, 'too long']);
  await drain(server);
  const metrics = new Metrics();
  await using _counting = countParked(server.store, metrics, 50);
  await expect
    .poll(async () => (await metrics.parked.get()).values)
    .toEqual([{ labels: { source: 'account' }, value: 1 }]);
});

test('what waits for pending keys says how many there are, and how many more are parked; all of these are counted', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [friend.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  const feed = createFeed(server);
  const keys = Array.from({ length: 102 }, (_, i) => BigInt(i + 1));
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES ?`, [
    keys.map((key) => [key]),
  ]);
  await feed.rows(...keys.map((key): [bigint, null, string] => [key, null, 'too long']));
  await drain(server);
  await feed.source.pending.mark(server.friend, [200n]);
  const pass = () => passBarrier({ streams: [], store: server.store, admin: {} as KafkaAdmin }, 500);
  await expect(pass()).rejects.toThrow('keys are pending: 1, and 102 more are parked, which is not waited for');
  await server.friend.write('by hand', `DELETE FROM ${feed.source.pending.table} WHERE k = '200'`);
  const { parked, parkedCounts } = await pass();
  expect([parked.length, parkedCounts]).toEqual([100, { account: 102 }]);
});

test('what waits for a sweep names the copies, and says that these may be late ones', async () => {
  await using server = await openFriendServer(TABLES);
  const { source } = createFeed(server);
  const [copy] = source.mapped;
  await source.missed.mark(server.friend, [copy?.id ?? '']);
  const parts = { streams: [], store: server.store, admin: {} as KafkaAdmin };
  const told = `late copies, or copies that were held, wait for a sweep: ${copy?.id} of account; friend-sync status`;
  await expect(passBarrier(parts, 500)).rejects.toThrow(told);
  await source.round.adopt(server.friend);
  await source.round.pause(server.friend);
  await expect(passBarrier(parts, 500)).rejects.toThrow(/; rounds over account are paused since .*backfill resume;/);
});

test('of statements that are sent together, the one that fails is named', async () => {
  await using server = await openFriendServer(TABLES);
  const adding = `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (1, REPEAT('x', 65))`;
  const broken = server.friend.transaction('all of them', (tx) =>
    tx.roundTrip(
      (t) => [t.write('setting', 'SET @x = 1'), t.write('adding', adding), t.write('removing', 'SET @x = 2')],
      'commit',
    ),
  );
  await expect(broken).rejects.toThrow(/^adding: ER_DATA_TOO_LONG \(column nick\)$/);
});
