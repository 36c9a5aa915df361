import { createLogger, Health, SyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { lookAt, observe } from '../../sync-service/src/application/read/look.ts';
import { startRounds } from '../../sync-service/src/application/read/rounds.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { behind, openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS };
const nicks = (server: FriendServer) => column(server, `SELECT nick FROM ${server.friendDb}.friend ORDER BY friend_id`);

/** Keys 1 to 3 with a copy each, whose rows message and mirror know; of 1 to `count` as many. The first load is over. */
async function openSettled(count = 3) {
  const server = await openFriendServer({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  const feed = createFeed(server);
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  const { user, userDb, friend, friendDb } = server;
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map((id) => [id, `n${id}`])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [ids.map((id) => [id])]);
  await feed.rows(...ids.map((id): [bigint, null, string] => [BigInt(id), null, `n${id}`]));
  await drain(server);
  const reads = await openReads(server, feed);
  await reads.round();
  const forget = (where: string) => user.write('unheard of', `DELETE FROM ${userDb}.account WHERE ${where}`);
  return { server, feed, reads, forget };
}

const dueOf = (server: FriendServer) => server.store.sources.get('account')?.due.count(server.store.database);

test('keys that somebody takes as deleted get the delete policy’s values where the source has no row, those that it has keep theirs', async () => {
  const { server, feed, reads, forget } = await openSettled();
  await using _ = reads;
  await forget('id <> 2');
  await server.friend.write(
    'a copy of no row',
    `INSERT INTO ${server.friendDb}.friend (friend_id, nick) VALUES (9, 'x')`,
  );
  await feed.source.due.mark(server.store.database, [1n, 2n, 9n], { takesGone: true });
  await using _due = reads.readDue();
  await expect.poll(() => dueOf(server), SOON).toBe(0);
  await drain(server);
  expect(await nicks(server)).toEqual(['gone', 'n2', 'n3', 'gone']);
});

test('a deleted row whose values are erased in the mirror stays as it is, and its copies stay what the policy made them', async () => {
  const { server, feed, reads, forget } = await openSettled();
  await using _ = reads;
  await forget('id = 1');
  await feed.deletes(1n);
  await drain(server);
  const mirror = `${server.configuration.settings.target.stateDatabase}.mirror_account`;
  const erase = `UPDATE ${mirror} SET v_nick = NULL, u_nick = 1, v_avatar = NULL, u_avatar = 1 WHERE k = 1 AND fs_deleted`;
  expect(await server.friend.write('erasing', erase)).toMatchObject({ changed: 1 });
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 0 });
  await feed.source.pending.mark(server.store.database, [1n]);
  await drain(server);
  expect(await nicks(server)).toEqual(['gone', 'n2', 'n3']);
  expect(await column(server, `SELECT v_nick FROM ${mirror} ORDER BY k`)).toEqual([null, 'n2', 'n3']);
});

test('a key that comes back after it was taken as deleted has its new value', async () => {
  const { server, feed, reads, forget } = await openSettled();
  await using _ = reads;
  await forget('id IN (1, 2)');
  await reads.round();
  await feed.rows([1n, null, 'back'], [3n, null, 'Cid']);
  await drain(server);
  expect(await nicks(server)).toEqual(['back', 'gone', 'Cid']);
});

test('a key of which a change comes while the source is asked is not taken as deleted', async () => {
  const { server, feed, reads, forget } = await openSettled();
  await using _ = reads;
  await forget('id IN (1, 2)');
  const { gone } = await lookAt(reads.parts, [1n, 2n], await observe(reads.parts));
  await feed.rows([1n, null, 'back']);
  const settled = await reads.settler.settle(gone, { takesGone: () => true });
  expect(settled.map(({ suspect, outcome }) => [suspect.read.key, outcome])).toEqual([
    [1n, 'moved'],
    [2n, 'row'],
  ]);
  await drain(server);
  expect(await nicks(server)).toEqual(['back', 'gone', 'n3']);
});

test('as many keys as a round may take are taken as deleted; one more, and nothing is touched until somebody says so', async () => {
  const { server, feed, reads, forget } = await openSettled(202);
  await using _ = reads;
  const goneCopies = async () => (await nicks(server)).filter((nick) => nick === 'gone').length;
  await forget('id <= 100');
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 100 });
  await drain(server);
  expect(await goneCopies()).toBe(100);
  expect(await reads.corrections()).toEqual({ '* unheard delete': 100 });

  await forget('id <= 201');
  expect(await reads.round()).toMatchObject({ goneKeys: 101, correctedKeys: 0 });
  await drain(server);
  expect(await goneCopies()).toBe(100);
  const { round } = feed.source;
  expect(await round.report(server.store.database)).toMatchObject({ goneKeys: 101 });

  await round.request(server.store.database, { takesGone: 101 });
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 101 });
  await drain(server);
  expect(await goneCopies()).toBe(201);
  // What was said holds for that round alone.
  await forget('id = 202');
  expect(await round.report(server.store.database)).toMatchObject({ goneKeys: 0, isAsked: false });
});

test('case 26: what somebody has said of so many keys does not hold for clearly more, which are told of again', async () => {
  const { server, feed, reads, forget } = await openSettled(403);
  await using _ = reads;
  const goneCopies = async () => (await nicks(server)).filter((nick) => nick === 'gone').length;
  const { round } = feed.source;
  await forget('id <= 202');
  expect(await reads.round()).toMatchObject({ goneKeys: 202 });
  await round.request(server.store.database, { takesGone: 202 });
  await forget('id <= 303');
  expect(await reads.round()).toMatchObject({ goneKeys: 303, correctedKeys: 0 });
  await drain(server);
  expect(await goneCopies()).toBe(0);
  // What was said held for that round alone.
  expect(await reads.round()).toMatchObject({ goneKeys: 303 });

  await round.request(server.store.database, { takesGone: 303 });
  await forget('id <= 403');
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 403 });
  await drain(server);
  expect(await goneCopies()).toBe(403);
});

test('more keys than a round remembers are taken as deleted, once somebody has said so of as many', async () => {
  const { server, feed, reads, forget } = await openSettled(1);
  await using _ = reads;
  const { user, userDb, store } = server;
  const ids = Array.from({ length: 10_200 }, (_, i) => [i + 2]);
  await user.write('rows', `INSERT INTO ${userDb}.account (id) VALUES ?`, [ids]);
  await reads.round();
  await forget('id > 1');
  expect(await reads.round()).toMatchObject({ goneKeys: 10_200 });
  await feed.source.round.request(store.database, { takesGone: 10_200 });
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 10_200 });
  expect(await reads.round()).toMatchObject({ goneKeys: 0, correctedKeys: 0 });
});

test('a row that is gone is not taken as deleted by whoever reads its key: a round is to say how many are gone', async () => {
  const { server, feed, reads, forget } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const take = () => database.transaction('rounds', (tx) => feed.source.round.take(tx, 30));
  await feed.source.round.end(database, (await take())?.token ?? 0n, { rowCount: 3, correctedKeys: 0 }, 3_600);
  await forget('id = 1');
  await feed.source.due.mark(database, [1n]);
  {
    await using __ = reads.readDue();
    await expect.poll(take, SOON).toBeDefined();
  }
  expect((await feed.source.mirror.read(database, [1n])).get(1n)).toMatchObject({ isDeleted: false });
  expect(await dueOf(server)).toBe(1);
});

test('keys that are gone are told of before the copies are swept; the round of an instance that died there tells no less', async () => {
  const { server, feed, reads, forget } = await openSettled(150);
  await using _ = reads;
  const { store } = server;
  const { round, mapped } = feed.source;
  const goneKeys = async () => (await round.report(store.database)).goneKeys;
  await forget('id > 0');
  const [copy] = mapped;
  const sweep = { chunkEnd: () => Promise.reject(new SyncError('aborted', 'it dies')) };
  const dying = { id: copy?.id, fit: { ...copy?.fit, sweep } };
  const source = { ...feed.source, mapped: [dying as unknown as (typeof mapped)[number]] };
  await expect(reads.having({ source }).round()).rejects.toMatchObject({ kind: 'aborted' });
  expect(await goneKeys()).toBe(150);
  expect(await reads.round()).toMatchObject({ goneKeys: undefined });
  expect(await goneKeys()).toBe(150);
});

test('rows that are found gone while the copies are swept have another round follow at once; once they are told of, none', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const { round } = feed.source;
  const take = () => database.transaction('rounds', (tx) => round.take(tx, 30));
  const tally = { rowCount: 150, correctedKeys: 0 };
  for (const goneKeys of [0, 150]) {
    const token = (await take())?.token ?? 0n;
    await round.goOn(database, token, 30, { leg: 'copy friend.friend_id', after: [] }, { ...tally, goneKeys });
    await round.hasten(database);
    await round.end(database, token, tally, 3_600);
  }
  await round.hasten(database);
  expect(await take()).toBe(undefined);
  expect(await round.report(database)).toMatchObject({ goneKeys: 150, lastAgeSeconds: 0 });
  // A table that is another one now is compared all the same.
  await round.hasten(database, 'another table');
  await expect.poll(take, SOON).toBeDefined();
});

test('case 26: a table that loses its rows while the copies are swept has the next round follow at once', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { user, userDb, store, configuration } = server;
  const { round, mapped } = feed.source;
  const [health, log] = [new Health(), createLogger('fatal')];
  const perseverance = new Perseverance(health, log, 1_000);
  const [copy] = mapped;
  let isSweeping = false;
  let release: (end: undefined) => void = () => {};
  const released = new Promise<undefined>((resolve) => {
    release = resolve;
  });
  const sweep = {
    chunkEnd() {
      isSweeping = true;
      return released;
    },
    differing: async () => [],
  };
  const slow = { id: copy?.id, fit: { sweep } };
  const source = { ...feed.source, mapped: [slow as unknown as (typeof mapped)[number]] };
  const { parts, settler, events, metrics } = reads.having({ source });
  const { settings } = configuration;
  const watched = { parts, readFrom: parts.database, settler, events, settings, perseverance, health, metrics, log };
  await using __ = startRounds({ ...watched, onDrift() {} });
  await expect.poll(() => isSweeping, SOON).toBe(true);
  await user.write('truncating', `TRUNCATE ${userDb}.account`);
  const state = settings.target.stateDatabase;
  const isHastened = async () => (await column(server, `SELECT hastened FROM ${state}.round`))[0];
  await expect.poll(isHastened, SOON).toBe(1);
  release(undefined);
  // Three keys are few enough to be taken as deleted.
  const mirrored = () => feed.source.mirror.liveKeysAfter(store.database, undefined, 1);
  await expect.poll(mirrored, SOON).toEqual([]);
  expect(await round.report(store.database)).toMatchObject({ goneKeys: 0 });
});

test('case 84: rows whose deletes are on their way are not told of as gone', async () => {
  const { feed, reads, forget } = await openSettled(150);
  await using _ = reads;
  const ids = Array.from({ length: 149 }, (_, i) => BigInt(i + 1));
  const late = await behind(reads, () => feed.deletes(...ids));
  await forget('id < 150');
  expect(await late.round()).toMatchObject({ goneKeys: 0, correctedKeys: 0 });
});

test('case 26: a table that has lost all its rows is told of before the next round is due, until somebody decides', async () => {
  const { server, feed, reads } = await openSettled(150);
  await using _ = reads;
  const { user, userDb, store, configuration } = server;
  const { parts, settler, events, metrics } = reads;
  const { round } = feed.source;
  const taken = await store.database.transaction('rounds', (tx) => round.take(tx, 30));
  await round.end(store.database, taken?.token ?? 0n, { rowCount: 150, correctedKeys: 0 }, 3_600);
  const [health, log] = [new Health(), createLogger('fatal')];
  const perseverance = new Perseverance(health, log, 1_000);
  const readFrom = parts.database;
  const watched = { parts, readFrom, settler, events, perseverance, health, metrics, log, onDrift() {} };
  await using __ = startRounds({ ...watched, settings: configuration.settings });
  await user.write('truncating', `TRUNCATE ${userDb}.account`);
  const problems = () => health.troubles.map(({ kind, problem }) => `${kind}: ${problem}`);
  await expect
    .poll(problems, SOON)
    .toEqual([
      `rows_gone: 150 rows of ${userDb}.account are gone that no message told of; their copies are left as they are`,
    ]);
  await drain(server);
  expect(await nicks(server)).not.toContain('gone');
  await round.request(store.database, { takesGone: 150 });
  await expect.poll(problems, SOON).toEqual([]);
  await drain(server);
  expect(new Set(await nicks(server))).toEqual(new Set(['gone']));
});
