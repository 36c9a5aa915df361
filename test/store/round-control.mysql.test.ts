import { controlRounds, type Database, type RoundControl } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { awaitRounds } from '../../sync-service/src/application/operate/await-rounds.ts';
import { column } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { TABLES } from '../support/tables.ts';

/** A source with so many rows, of which no message has told and none has been read, and what becomes of a round over it. */
async function openUnread(count: number) {
  const server = await openFriendServer(TABLES);
  const { user, userDb, store, configuration } = server;
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map((id) => [id, `n${id}`])]);
  const feed = createFeed(server);
  const reads = await openReads(server, feed);
  const { round } = feed.source;
  const state = configuration.settings.target.stateDatabase;
  return {
    store,
    round,
    report: () => round.report(store.database),
    mirrored: async () => Number((await column(server, `SELECT COUNT(*) FROM ${state}.mirror_account`))[0]),
    control: (control: RoundControl) => controlRounds(store, ['account'], control),
    wait: (request: bigint) => awaitRounds(store, [], [{ source: 'account', request }], 60_000),
    /** The round that is due, with what is done after each page that it has read; the sizes of its pages. */
    async read(rowsPerSecond: number | undefined, afterPage: (rows: number) => Promise<unknown> = async () => {}) {
      const pages: number[] = [];
      const readFrom: Database = {
        ...reads.parts.database,
        async transaction(doing, work) {
          const result = await reads.parts.database.transaction(doing, work);
          const rows = (result as unknown[][])[1]?.length ?? 0;
          pages.push(rows);
          await afterPage(rows);
          return result;
        },
      };
      // What it says is read once more at the server itself.
      return { outcome: await reads.round({ readFrom, rowsPerSecond }), pages };
    },
    [Symbol.asyncDispose]: () => reads[Symbol.asyncDispose](),
  };
}

test('case 57: a round that is paused is nobody’s, and goes on at its place when it is resumed', async () => {
  await using source = await openUnread(30);
  const first = await source.read(10, async () => {
    if ((await source.report()).rowCount > 0) await source.control({ kind: 'pause' });
  });
  expect(first.outcome).toBe(undefined);
  const { rowCount, pausedSince } = await source.report();
  expect(pausedSince).toBeDefined();
  expect(rowCount).toBeGreaterThan(0);
  await expect(source.read(undefined)).rejects.toThrow('no round is due');
  await source.control({ kind: 'resume' });
  const { outcome, pages } = await source.read(undefined);
  expect(outcome).toMatchObject({ rowCount: 30, goneKeys: 0 });
  expect(pages).toEqual([30 - rowCount]);
  expect(await source.mirrored()).toBe(30);
});

test('case 57: pausing while no round is under way makes none due when it is resumed', async () => {
  await using source = await openUnread(1);
  await source.read(undefined);
  const { round, store } = source;
  const token = (await store.database.transaction('rounds', (tx) => round.take(tx, 30)))?.token ?? 0n;
  await round.end(store.database, token, { rowCount: 1, correctedKeys: 0 }, 600);
  await source.control({ kind: 'pause' });
  await source.control({ kind: 'resume' });
  await expect(source.read(undefined)).rejects.toThrow('no round is due');
});

test('case 57: a round is made slower and faster while it runs, until it ends', async () => {
  await using source = await openUnread(1_000);
  await source.control({ kind: 'rate', rowsPerSecond: 50 });
  const { outcome, pages } = await source.read(undefined, () => source.control({ kind: 'rate', rowsPerSecond: 5_000 }));
  expect(outcome).toMatchObject({ rowCount: 1_000 });
  expect(pages[0]).toBe(50);
  expect(Math.max(...pages)).toBeGreaterThan(50);
  expect((await source.report()).rowsPerSecond).toBe(undefined);
  expect(await source.control({ kind: 'rate', rowsPerSecond: 50 })).toEqual(['account']);
});

test('case 57: a round that is stopped is over for whoever waits for it, and what was confirmed for it is not', async () => {
  await using source = await openUnread(30);
  const { round, store } = source;
  const request = await round.request(store.database, { takesGone: 7 });
  const { outcome } = await source.read(10, () => source.control({ kind: 'stop', seconds: 600 }));
  expect(outcome).toBe(undefined);
  await expect(source.wait(request)).rejects.toThrow('the round over account was stopped before it had ended');
  expect(await source.report()).toMatchObject({ leg: undefined, isAsked: false });
  await expect(source.read(undefined)).rejects.toThrow('no round is due');
  expect(await source.control({ kind: 'stop', seconds: 600 })).toEqual(['account']);

  const again = await round.request(store.database);
  const taken = await store.database.transaction('rounds', (tx) => round.take(tx, 0));
  expect(taken).toMatchObject({ takesGone: 0, isAsked: true });
  await source.read(undefined);
  await source.wait(again);
  expect(await source.mirrored()).toBe(30);
});
