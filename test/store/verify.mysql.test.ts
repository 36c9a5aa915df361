import {
  type CompareOptions,
  type Database,
  describeDifference,
  describePlace,
  parsePlace,
} from '@friend-sync/sync-service';
import { expect, test, vi } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

/** Keys 1 to 40, with a copy in each of the default tables, all equal. */
async function openEqual() {
  const server = await openFriendServer(TABLES);
  const { user, userDb, friend, friendDb, configuration } = server;
  const ids = Array.from({ length: 40 }, (_, i) => i + 1);
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map((id) => [id, `n${id}`])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [ids.map((id) => [id])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES ?`, [
    ids.map((id) => [7, id]),
  ]);
  const feed = createFeed(server);
  await feed.rows(...ids.map((id): [bigint, null, string] => [BigInt(id), null, `n${id}`]));
  await drain(server);
  return Object.assign(server, {
    feed,
    compare: (options?: CompareOptions, source: Database = user) =>
      compareCopies(configuration, source, friend, options),
    edit: (sql: string) => friend.write('by hand', sql.replaceAll('DB.', `${friendDb}.`)),
  });
}

test('case 53: all that differs is named by table, key and columns, once, and no value is; the first of it otherwise', async () => {
  await using server = await openEqual();
  const { friendDb } = server;
  await server.edit(`INSERT INTO DB.friend (friend_id, nick) VALUES (1, 'secret'), (900, 'n900')`);
  await server.edit(`UPDATE DB.friend SET nick = 'secret', avatar = 'secret' WHERE friend_id <= 20`);
  await server.edit(`UPDATE DB.friend SET avatar = 'another secret' WHERE friend_id = 1 LIMIT 1`);
  await server.edit(`UPDATE DB.member SET nick = NULL WHERE user_id = 40`);
  const all = await server.compare({ listsAll: true, listsOrphans: true });
  expect(all).toMatchObject({ mismatches: 22, orphans: 1, keptOrphans: 1 });
  const ids = Array.from({ length: 20 }, (_, i) => i + 1);
  const lines = [
    ...ids.map((id) => `${friendDb}.friend friend_id=${id}: nick, avatar`),
    `${friendDb}.member user_id=40: nick`,
  ];
  expect(all.differences.map(describeDifference).sort()).toEqual(lines.sort());
  expect(all.unmatched.map(describeDifference)).toEqual([`${friendDb}.friend friend_id=900: there is no source row`]);
  const first = await server.compare();
  expect(first).toMatchObject({ mismatches: 22, unmatched: [] });
  expect(first.differences).toHaveLength(10);
});

test('case 53: of the keys that are asked for, or of a sample, the copies are compared, and of no others', async () => {
  await using server = await openEqual();
  await server.edit(`UPDATE DB.friend SET nick = 'x'`);
  const among = new Map([['account', new Set([7n, 8n, 900n])]]);
  expect(await server.compare({ among })).toMatchObject({ copies: 4, mismatches: 2 });
  let n = 0;
  const random = vi.spyOn(Math, 'random').mockImplementation(() => (n++ % 4 === 0 ? 0.1 : 0.9));
  expect(await server.compare({ sample: 50 })).toMatchObject({ copies: 20, mismatches: 10 });
  random.mockRestore();
});

test('case 53: a comparison that is stopped goes on where it was, and the two together see every copy once', async () => {
  await using server = await openEqual();
  await server.edit(`UPDATE DB.friend SET nick = 'x' WHERE friend_id IN (30, 31)`);
  const stopping = new AbortController();
  const pages: number[] = [];
  const onProgress = (_: unknown, copies: number) => {
    if (pages.push(copies) === 2) stopping.abort();
  };
  const first = await server.compare({ perSecond: 15, onProgress, signal: stopping.signal });
  expect(pages).toEqual([15, 30]);
  expect(first).toMatchObject({
    copies: 30,
    mismatches: 1,
    stoppedAt: { source: 'account', copy: 'friend.friend_id' },
  });
  const told = first.stoppedAt ? describePlace(first.stoppedAt) : '';
  const from = parsePlace(told, server.configuration.mapping);
  expect(await server.compare({ from })).toMatchObject({ copies: 50, mismatches: 1, stoppedAt: undefined });
});

test('case 53: against the mirror, copies are compared with what was heard last, and no row of the user database is read', async () => {
  await using server = await openEqual();
  const { user, userDb, feed } = server;
  await user.write('unheard of', `UPDATE ${userDb}.account SET nick = 'other' WHERE id <= 3`);
  await server.edit(`UPDATE DB.friend SET nick = 'x' WHERE friend_id = 40`);
  await feed.rows([5n, null, undefined]);
  await feed.deletes(6n);
  const away: Database = { ...user, rows: () => Promise.reject(new Error('not to be asked')) };
  const heard = await server.compare({ against: 'mirror' }, away);
  expect(heard).toMatchObject({
    copies: 78,
    mismatches: 1,
    orphans: 2,
    differences: [{ key: 40n, columns: ['nick'] }],
  });
  expect(await server.compare()).toMatchObject({ copies: 80, mismatches: 7, orphans: 0 });
});
