import { fanOutClaim, type Key, type Value } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain, LIMITS } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const keysUpTo = (count: number) => Array.from({ length: count }, (_, i) => BigInt(i + 1));
const all = (keys: readonly bigint[], value: string) => keys.map((key): [Key, Value, Value] => [key, null, value]);

async function createCopies({ friend, friendDb }: FriendServer, keys: readonly bigint[]): Promise<void> {
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [keys.map((key) => [key])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES ?`, [
    keys.map((key) => [7, key]),
  ]);
}

/** The keys that have a copy that does not hold this value. */
const without = async (server: FriendServer, value: string) =>
  column(
    server,
    `SELECT DISTINCT k FROM (SELECT friend_id AS k, nick FROM ${server.friendDb}.friend UNION SELECT user_id, nick FROM ${server.friendDb}.member) AS every
     WHERE NOT nick <=> '${value}' ORDER BY k`,
  );

test('case 74: a dozen keys that an application has locked, in every target, delay no other key, and are written once they are free', async () => {
  await using server = await openFriendServer({ ...TABLES, settings: { fanOut: { lockWaitSeconds: 2 } } });
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  const keys = keysUpTo(200);
  const locked = keysUpTo(12).map((n) => n + 99n);
  await createCopies(server, keys);
  await friend.transaction('the application', async (tx) => {
    await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id IN (?) FOR UPDATE`, [locked]);
    await tx.rows('locking', `SELECT team_id FROM ${friendDb}.member WHERE user_id IN (?) FOR UPDATE`, [locked]);
    for (const value of ['first', 'second']) {
      await feed.rows(...all(keys, value));
      const { postponed } = await drain(server);
      expect(await without(server, value)).toEqual(locked.map(String));
      expect(new Set(postponed.map(({ kind }) => kind))).toEqual(new Set(['store_contended']));
    }
    expect(await feed.source.pending.count(friend)).toEqual({ pending: 12, parked: 0 });
    expect(await feed.source.pending.oldestSeconds(friend)).toBeGreaterThanOrEqual(0);
  });
  await expect.poll(() => drain(server).then(() => without(server, 'second')), { timeout: PATIENCE_MS }).toEqual([]);
}, 45_000);

test('case 74: of a key with a locked copy, those far from it are written meanwhile', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  await createCopies(
    server,
    Array.from({ length: 1 }, () => 1n),
  );
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [
    Array.from({ length: 149 }, () => [1]),
  ]);
  await feed.rows([1n, null, 'Ann']);
  await friend.transaction('the application', async (tx) => {
    await tx.rows('locking', `SELECT MAX(id) FROM ${friendDb}.friend FOR UPDATE`);
    await expect
      .poll(
        () => drain(server).then(() => column(server, `SELECT COUNT(*) FROM ${friendDb}.friend WHERE nick = 'Ann'`)),
        { timeout: PATIENCE_MS },
      )
      .toEqual(['100']);
  });
});

test('case 74: while a claim is halved nothing is written any more once fan-out is held; its keys go on afterwards', async () => {
  const [friendTable = '', member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [friendTable.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), member],
  });
  const { store } = server;
  const feed = createFeed(server);
  const keys = keysUpTo(16);
  await createCopies(server, keys);
  // The first of them is refused, so every half with it fails.
  await feed.rows([1n, null, 'much too long'], ...all(keys.slice(1), 'Ann'));
  const claim = await store.database.transaction('claim', (tx) => feed.source.pending.claim(tx, 100));
  if (!claim) throw new Error('nothing is due');
  let asked = 0;
  let atHold: unknown[] = [];
  const hold = async () => {
    if (asked++ < 4) return undefined;
    atHold = await without(server, 'Ann');
    return 'held';
  };
  const events = { onWritten() {}, onApplied() {}, onPostponed() {}, onFit() {} };
  await fanOutClaim(store, claim, LIMITS, events, hold);
  expect(atHold.length).toBeGreaterThan(2);
  expect(await without(server, 'Ann')).toEqual(atHold);

  await drain(server);
  expect(await without(server, 'Ann')).toEqual(['1']);
  expect(await feed.source.pending.count(server.friend)).toEqual({ pending: 1, parked: 1 });
});
