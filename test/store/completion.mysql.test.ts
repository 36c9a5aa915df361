import type { Claim } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { awaitFanOut, awaitReads } from '../../sync-service/src/application/proof/barrier.ts';
import { waiting } from '../../sync-service/src/application/proof/wait.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

/** Ends every lease, as time would. */
async function endLeases(server: FriendServer): Promise<void> {
  await server.friend.write(
    'ending leases',
    `UPDATE ${server.configuration.settings.target.stateDatabase}.pending SET due = NOW(6)`,
  );
}

async function claimed(server: FriendServer): Promise<Claim> {
  const [source] = server.store.sources.values();
  const claim = await server.store.database.transaction('claim', async (tx) => source?.pending.claim(tx, 10));
  if (!claim) throw new Error('nothing is due');
  return claim;
}

test('case 15: completion needs the token: a worker that stalled over the re-creation of its pending row does not delete the new one', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1)`);
  await feed.rows([1n, null, 'v1']);
  const stalled = await claimed(server);
  await endLeases(server);
  await drain(server); // another worker finishes and deletes the row
  await feed.rows([1n, null, 'v2']); // the row is created again, at generation 1
  await claimed(server); // its pass begins, and its worker dies
  await server.store.database.transaction('the stalled worker', (tx) =>
    feed.source.pending.complete(tx, stalled.token, [1n]),
  );

  expect(await feed.source.pending.count(server.store.database)).toMatchObject({ pending: 1 });
  await endLeases(server);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['v2']);
});

test('completion needs the generation of the pass: one that is resumed at its cursor and was overtaken by a mark begins anew when it ends', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(1),(1)`);
  await feed.rows([1n, null, 'v1']);
  const [copy] = feed.source.copies;
  const first = await claimed(server);
  await server.store.database.transaction('chunk 1', async (tx) => {
    await copy?.makeEqual(tx, [1n], { after: [], upTo: ['1'] });
    await feed.source.pending.leaveAt(tx, first.token, 1n, { copy: copy?.id ?? '', after: ['1'] });
  });
  await feed.rows([1n, null, 'v2']); // generation 2, while the cursor stands after copy 1
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['v2', 'v2', 'v2']);
  expect(await feed.source.pending.count(server.store.database)).toMatchObject({ pending: 0 });
});

test('case 13: a pass whose worker died is gone on with at its cursor', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1),(1),(1)`);
  await feed.rows([1n, null, 'v1']);
  const [copy] = feed.source.copies;
  const first = await claimed(server);
  await server.store.database.transaction('chunk 1', async (tx) => {
    await copy?.makeEqual(tx, [1n], { after: [], upTo: ['1'] });
    await feed.source.pending.leaveAt(tx, first.token, 1n, { copy: copy?.id ?? '', after: ['1'] });
  });
  await claimed(server); // by a worker that dies
  await endLeases(server);
  // Nothing but a pass from the beginning would come by here.
  await server.friend.write('editing', `UPDATE ${server.friendDb}.friend SET nick = 'passed' WHERE id = 1`);
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${server.friendDb}.friend`)).toEqual(['passed', 'v1', 'v1']);
  expect(await feed.source.pending.count(server.store.database)).toMatchObject({ pending: 0 });
});

test('case 15: the cursor needs the token: a claim that was lost can neither store a cursor nor release the key', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await feed.rows([1n, null, 'v1']);
  const lost = await claimed(server);
  await endLeases(server);
  const winner = await claimed(server);
  const state = server.configuration.settings.target.stateDatabase;
  await server.store.database.transaction('the loser', async (tx) => {
    expect(await feed.source.pending.leaveAt(tx, lost.token, 1n, { copy: 'x', after: [] })).toBe(false);
    await feed.source.pending.release(tx, lost.token, [1n]);
  });
  expect(await column(server, `SELECT token FROM ${state}.pending`)).toEqual([String(winner.token)]);
});

test('a clock of the friend server that was set back hides no key from the barrier', async () => {
  await using server = await openFriendServer(TABLES);
  const { store, configuration, friend } = server;
  const feed = createFeed(server);
  await feed.rows([1n, null, undefined]);
  const { stateDatabase } = configuration.settings.target;
  for (const table of ['pending', 'due_key'])
    await friend.write('the clock', `UPDATE ${stateDatabase}.${table} SET since = NOW(6) + INTERVAL 1 HOUR`);
  await expect(awaitReads(store, waiting(0))).rejects.toThrow(/keys are due for a read: [1-9]/);
  await expect(awaitFanOut(store, waiting(0))).rejects.toThrow('keys are pending');
});

test('a key that is marked again keeps its place, so that one that changes all the time gets its turn', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  for (const key of [1n, 2n, 1n]) await feed.rows([key, null, `v${feed.nextOffset}`]);
  const { database } = server.store;
  const claim = await database.transaction('claim', (tx) => feed.source.pending.claim(tx, 1));
  expect(claim?.keys).toEqual([{ key: 1n, cursor: undefined }]);
});

test('completing keys reads no others, however many are pending', async () => {
  await using server = await openFriendServer(TABLES);
  const { pending } = createFeed(server).source;
  const { database } = server.store;
  const keys = Array.from({ length: 3_000 }, (_, i) => BigInt(i));
  await pending.mark(database, keys);
  await server.friend.rows('counting what the index is worth', `ANALYZE TABLE ${pending.table}`);
  const rowsRead = await database.transaction('completing', async (tx) => {
    const read = async () =>
      Number((await tx.rows('looking', "SHOW SESSION STATUS LIKE 'Handler_read_next'"))[0]?.Value);
    const before = await read();
    // More than MySQL looks up in the index before it plans (eq_range_index_dive_limit).
    await pending.complete(tx, 1n, keys.slice(0, 300));
    return (await read()) - before;
  });
  expect(rowsRead).toBeLessThan(keys.length);
});
