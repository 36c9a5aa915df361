import { expect, test } from 'vitest';
import { findBehind } from '../../sync-service/src/application/proof/caught-up.ts';
import { column, drain } from '../support/drain.ts';
import type { FriendServer } from '../support/friend-server.ts';
import { behind, openSettledReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const SOON = { timeout: PATIENCE_MS };
const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY id`);

/** Everything is equal, but for a copy of key 2 that was edited by hand; the round that is due next stands before its sweeps. */
async function openBeforeSweeps({ isAsked = false } = {}) {
  const { server, feed, reads } = await openSettledReads();
  const { user, userDb, friend, friendDb, store } = server;
  const { round } = feed.source;
  await reads.round();
  if (isAsked) await round.request(store.database);
  const taken = await store.database.transaction('rounds', (tx) => round.take(tx, 30));
  const place = { leg: 'copy friend.friend_id', after: [] };
  await round.goOn(store.database, taken?.token ?? 0n, 30, place, { rowCount: 3, correctedKeys: 0 });
  await round.leave(store.database, taken?.token ?? 0n, 0);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE id = 2`);
  const change = () => user.write('a change', `UPDATE ${userDb}.account SET nick = 'Ann B.' WHERE id = 1`);
  const ahead = () => friend.write('ahead', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (1, 'Ann B.')`);
  return { server, feed, reads, change, ahead };
}

test('case 84: copies with values that are not ingested yet are no drift, and are not set back; others are corrected', async () => {
  const { server, feed, reads, change, ahead } = await openBeforeSweeps();
  await using _ = reads;
  const late = await behind(reads, () => feed.rows([1n, null, 'Ann B.']));
  await change();
  await ahead();
  expect((await late.round())?.correctedKeys).toBe(1);
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann B.', 'Bea', 'Cid', 'Ann B.']);
});

test('case 84: a round that was asked for sets back no copy with a value that is not ingested yet', async () => {
  const { server, feed, reads, change, ahead } = await openBeforeSweeps({ isAsked: true });
  await using _ = reads;
  const late = await behind(reads, () => feed.rows([1n, null, 'Ann B.']));
  await change();
  await ahead();
  expect(await late.round()).toMatchObject({ correctedKeys: 0 });
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann B.', 'Bea', 'Cid', 'Ann B.']);
});

test('case 84: a copy that comes ahead of the mirror while the round waits is left alone', async () => {
  const { server, reads, change, ahead } = await openBeforeSweeps();
  await using _ = reads;
  const late = await behind(reads, ahead);
  await change();
  expect((await late.round())?.correctedKeys).toBe(1);
  await drain(server);
  expect(await nicks(server)).toEqual(['Ann', 'Bea', 'Cid', 'Ann B.']);
});

test('case 84: a round whose source is away says for what it waits, is kept, and ends when another one is asked for', async () => {
  const { server, feed, reads } = await openBeforeSweeps();
  await using _ = reads;
  const { store, configuration } = server;
  const told: (string | undefined)[] = [];
  const away = reads.having({ stream: { ...reads.parts.stream, sent: async () => undefined } });
  const round = away.round({ onBehind: (step) => told.push(step) });
  await expect.poll(() => told, SOON).toHaveLength(1);
  const reason = 'the connector source has not sent what its server committed: it has stored no position';
  expect(told[0]).toContain(reason);
  const due = () => column(server, `SELECT due FROM ${configuration.settings.target.stateDatabase}.round`);
  const before = await due();
  await expect.poll(due, SOON).not.toEqual(before);
  const stream = { ...away.parts.stream, sourceName: 'account' };
  expect([...(await findBehind(away.parts, [stream]))]).toEqual([['account', expect.stringContaining(reason)]]);
  expect([...(await findBehind(reads.parts, [reads.parts.stream]))]).toEqual([]);
  await feed.source.round.request(store.database);
  expect(await round).toBe(undefined);
  expect(told.at(-1)).toBe(undefined);
  expect(await feed.source.pending.count(store.database)).toEqual({ pending: 0, parked: 0 });
});

test('case 84: nothing is compared while the source cannot be followed, whatever its connector has sent', async () => {
  const { server, feed, reads } = await openBeforeSweeps();
  await using _ = reads;
  const require = () => {
    throw new Error('it was set back');
  };
  await expect(reads.having({ require }).round()).rejects.toThrow('it was set back');
  expect(await feed.source.pending.count(server.store.database)).toEqual({ pending: 0, parked: 0 });
});
