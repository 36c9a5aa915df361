import { createLogger, type Database, Health, SyncError, toSyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { startRounds } from '../../sync-service/src/application/read/rounds.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import { column } from '../support/drain.ts';
import { endedLog } from '../support/ended-log.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES, TWO_SOURCES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS };

/** A source with rows 1 to `count`, of which no message has told. */
async function openUnheard(count: number, tables = TABLES) {
  const server = await openFriendServer(tables);
  const feed = createFeed(server);
  const { user, userDb, configuration } = server;
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map((id) => [id, `n${id}`])]);
  const state = configuration.settings.target.stateDatabase;
  const mirrored = async () => Number((await column(server, `SELECT COUNT(*) FROM ${state}.mirror_account`))[0]);
  return { server, feed, reads: await openReads(server, feed), state, mirrored };
}

/** What a database does, with what comes of each transaction seen first; what `seen` throws fails it. */
function seeing(database: Database, seen: (result: unknown) => void): Database {
  return {
    ...database,
    transaction: async (doing, work) => {
      const result = await database.transaction(doing, work);
      seen(result);
      return result;
    },
  };
}

test('a round in the sweep of a copy that has left the mapping begins anew', async () => {
  const { server, feed, reads, mirrored } = await openUnheard(300);
  await using _ = reads;
  const { database } = server.store;
  const taken = await database.transaction('rounds', (tx) => feed.source.round.take(tx, 0));
  const place = { leg: 'copy old_friend.friend_id', after: ['200'] };
  await feed.source.round.goOn(database, taken?.token ?? 0n, 0, place, { rowCount: 300, correctedKeys: 0 });
  expect(await reads.round()).toEqual({ rowCount: 300, correctedKeys: 0, goneKeys: 0 });
  expect(await mirrored()).toBe(300);
});

test('a cursor that is no key of the source is told of', async () => {
  const { server, feed, reads, mirrored } = await openUnheard(3);
  await using _ = reads;
  const { database } = server.store;
  const taken = await database.transaction('rounds', (tx) => feed.source.round.take(tx, 0));
  const place = { leg: 'source', after: ['u-900'] };
  await feed.source.round.goOn(database, taken?.token ?? 0n, 0, place, { rowCount: 0, correctedKeys: 0 });
  const [health, log] = [new Health(), createLogger('fatal')];
  const { parts, settler, events, metrics } = reads;
  const perseverance = new Perseverance(health, log, 100);
  const { settings } = server.configuration;
  const watched = { parts, readFrom: parts.database, settler, events, settings, perseverance, health, metrics, log };
  await using __ = startRounds({ ...watched, onDrift() {} });
  await expect
    .poll(() => health.troubles.map(({ part, kind }) => `${part}: ${kind}`), SOON)
    .toEqual(['round of account: internal']);
  expect(await mirrored()).toBe(0);
});

test('rows that take longer than a statement may are read fewer at a time', async () => {
  const { server, reads, mirrored } = await openUnheard(900);
  await using _ = reads;
  const { user, userDb } = server;
  await user.write('large rows', `UPDATE ${userDb}.account SET nick = REPEAT('x', 60) WHERE id > 700`);
  let failures = 0;
  const database = seeing(reads.parts.database, (result) => {
    const large = ((result as { c1?: string }[][])[1] ?? []).filter(({ c1 }) => c1?.length === 60);
    if (large.length > 3) throw new SyncError('user_database_unavailable', 'reading: ER_QUERY_TIMEOUT');
  });
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        failures++;
        if (toSyncError(error).kind !== 'user_database_unavailable' || attempt === 6) throw error;
      }
    }
  };
  expect(await reads.having({ database }).round({ run })).toMatchObject({ rowCount: 900 });
  expect(failures).toBeGreaterThan(1);
  expect(await mirrored()).toBe(900);
});

test('a page that turns out to be too large to be written at once is read once more, with fewer rows', async () => {
  const { server, reads, mirrored } = await openUnheard(100, TWO_SOURCES);
  await using _ = reads;
  await server.user.write('large rows', `UPDATE ${server.userDb}.account SET nick = REPEAT('x', 200000)`);
  const pages: number[] = [];
  const events = { ...reads.events, onRead: (_parts: unknown, _purpose: unknown, rows: number) => pages.push(rows) };
  expect(await reads.round({ events })).toMatchObject({ rowCount: 100 });
  expect(Math.max(...pages)).toBe(10);
  expect(await mirrored()).toBe(100);
});

test('looking for rows that are gone reads no values of the mirror, and no keys that are deleted', async () => {
  const { server, feed, reads } = await openUnheard(1);
  await using _ = reads;
  const { user, userDb, store } = server;
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid'], [4n, null, 'Dee']);
  await feed.deletes(3n);
  await user.write('a row', `INSERT INTO ${userDb}.account (id, nick) VALUES (2, 'Bea'), (4, 'Dee')`);
  const read: unknown[] = [];
  const session: Database = {
    ...store.database,
    async rows(...statement) {
      const rows = await store.database.rows(...statement);
      read.push(...rows.map((row) => Object.keys(row)));
      return rows;
    },
  };
  expect(await feed.source.mirror.liveKeysAfter(session, 1n, 5)).toEqual([2n, 4n]);
  expect(await feed.source.mirror.liveKeysAfter(session, undefined, 1)).toEqual([1n]);
  expect(read).toEqual([['k'], ['k'], ['k']]);
});

test('a page has no more rows than may be read in a second', async () => {
  const { reads } = await openUnheard(25);
  await using _ = reads;
  const pages: number[] = [];
  const events = { ...reads.events, onRead: (_parts: unknown, _purpose: unknown, rows: number) => pages.push(rows) };
  await reads.round({ rowsPerSecond: 10, events });
  expect(pages).toEqual([10, 10, 5]);
});

test('a round is kept while its rows wait for their barrier', async () => {
  const { server, feed, reads, state, mirrored } = await openUnheard(1);
  await using _ = reads;
  const due = async () => String((await column(server, `SELECT due FROM ${state}.round`))[0]);
  const admin = endedLog(async () => {
    const before = await due();
    await expect.poll(due, SOON).not.toBe(before);
    return new Map([[0, feed.nextOffset]]);
  });
  expect(await reads.having({ admin }).round()).toMatchObject({ rowCount: 1 });
  expect(await mirrored()).toBe(1);
});

test('a first load that has ended says of how many keys it had copies filled', async () => {
  const { server, reads } = await openUnheard(3);
  await using _ = reads;
  await server.friend.write('copies', `INSERT INTO ${server.friendDb}.friend (friend_id) VALUES (1), (2)`);
  const ends: unknown[] = [];
  const info = (told: unknown, message: string) => message === 'a round has ended' && ends.push(told);
  const log = Object.assign(createLogger('fatal'), { info });
  const health = new Health();
  const { parts, settler, events, metrics } = reads;
  const perseverance = new Perseverance(health, log, 1_000);
  const { settings } = server.configuration;
  const watched = { parts, readFrom: parts.database, settler, events, settings, perseverance, health, metrics, log };
  await using __ = startRounds({ ...watched, onDrift() {} });
  const told = [{ source: 'account', rowCount: 3, correctedKeys: 0, goneKeys: 0, markedKeys: 2 }];
  await expect.poll(() => ends, SOON).toEqual(told);
});
