import { setTimeout as delay } from 'node:timers/promises';
import { Ambiguous, createLogger, type Database } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { Proofreading } from '../../sync-service/src/application/read/proofreading.ts';
import type { Proof } from '../../sync-service/src/application/read/trust.ts';
import { column, drain } from '../support/drain.ts';
import { openSettledReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const SOON = { timeout: PATIENCE_MS };
/** A hot key: the time between two of its changes. */
const CHANGE_EVERY_MS = 30;

/** Settled reads; `write` changes source rows and no message tells of it. */
async function openSettled() {
  const { server, feed, reads } = await openSettledReads();
  const { friendDb, user, userDb, store, configuration } = server;
  const { stateDatabase } = configuration.settings.target;
  return {
    server,
    feed,
    reads,
    write: (sql: string) => user.write('unheard of', sql.replace('ACCOUNT', `${userDb}.account`)),
    known: async (key: bigint) => (await feed.source.mirror.read(store.database, [key])).get(key),
    pendingKeys: () => column(server, `SELECT k FROM ${stateDatabase}.pending ORDER BY k`),
    nicks: () => column(server, `SELECT nick FROM ${friendDb}.friend ORDER BY friend_id`),
    due: () => server.friend.rows('reading', `SELECT * FROM ${stateDatabase}.due_key ORDER BY k`),
    sql: (sql: string) => server.friend.write('by hand', sql.replace('STATE', stateDatabase)),
  };
}

test('a value that no message told of, a row and a delete are mended within one round, marked, and counted by column and cause', async () => {
  const { server, reads, write, nicks, pendingKeys, known } = await openSettled();
  await using _ = reads;
  await reads.round();
  await write("UPDATE ACCOUNT SET nick = 'Ann B.' WHERE id = 1");
  await write("INSERT INTO ACCOUNT (id, nick) VALUES (4, 'Dan')");
  await write('DELETE FROM ACCOUNT WHERE id = 3');
  const { position } = (await known(1n)) ?? {};
  expect(await reads.round()).toMatchObject({ correctedKeys: 3, goneKeys: 0 });
  expect(await pendingKeys()).toEqual(['1', '3', '4']);
  expect(await known(1n)).toMatchObject({ values: [null, 'Ann B.'], position, isDeleted: false });
  expect(await known(3n)).toMatchObject({ isDeleted: true, values: [null, 'Cid'] });
  expect(await known(4n)).toMatchObject({ position: { epoch: 0 }, values: [null, 'Dan'] });
  await drain(server);
  expect((await nicks()).slice(0, 2)).toEqual(['Ann B.', 'Bea']);
  expect(await reads.corrections()).toEqual({ 'nick unheard': 1, '* unheard': 1, '* unheard delete': 1 });
  expect(await reads.round()).toMatchObject({ correctedKeys: 0, rowCount: 3 });
});

test('a value that the stream told wrong is found by proofreading, counted as wrong, and weighed', async () => {
  const { feed, reads, write, known } = await openSettled();
  await using _ = reads;
  const proofs: Proof[] = [];
  const { parts, settler, events } = reads;
  const proofreading = new Proofreading({
    parts,
    settler,
    events,
    log: createLogger('fatal'),
    perSecond: 200,
    onProof: async (some) => void proofs.push(...some),
  });
  await using __ = proofreading;
  await write("UPDATE ACCOUNT SET nick = 'right'");
  // As where it says NULL or the default: the mirror keeps what it has if that is one of them.
  const open = new Ambiguous((value) => value === 'Cid' || value === 'right');
  const position = (offset: bigint) => ({ epoch: 1, partition: 0, offset });
  const told = { source: 'account', kind: 'row' as const, gtid: null, committedAtMs: 1 };
  const changes = [
    { ...told, key: 1n, values: [null, 'wrong'], position: position(3n) },
    { ...told, key: 2n, values: [null, 'right'], position: position(4n) },
    { ...told, key: 3n, values: [null, open], position: position(5n) },
  ];
  await feed.batch(changes);
  proofreading.heard(changes);
  await expect.poll(() => proofs.length, SOON).toBe(3);
  expect(proofs.filter(({ isRight }) => !isRight)).toEqual([{ isRight: false, columns: ['nick'] }]);
  for (const key of [1n, 3n]) expect(await known(key)).toMatchObject({ values: [null, 'right'] });
  expect(await reads.corrections()).toEqual({ 'nick wrong': 1 });
});

test('a value that is found because its key was asked for counts as unheard, for no message has said it wrong', async () => {
  const { server, feed, reads, write, due } = await openSettled();
  await using _ = reads;
  await write("UPDATE ACCOUNT SET nick = 'Ann B.' WHERE id = 1");
  await feed.source.due.mark(server.store.database, [1n]);
  await using __ = reads.readDue();
  await expect.poll(due, SOON).toMatchObject([{ k: '1', again: 1 }]);
  await expect.poll(() => reads.corrections(), SOON).toEqual({ 'nick unheard': 1 });
});

test('rows that are equal cost no barrier, and write nothing', async () => {
  const { reads, known } = await openSettled();
  await using _ = reads;
  const before = await known(1n);
  const looked = await reads.look(1n, 2n, 9n);
  expect(looked).toMatchObject({ equal: [1n, 2n], suspects: [], gone: [] });
  expect(looked.absent.map(({ read }) => read.key)).toEqual([9n]);
  expect(await reads.round()).toMatchObject({ correctedKeys: 0 });
  expect(await known(1n)).toEqual(before);
});

test('a key that was corrected is looked at again after 10 s, 1 min and 10 min, and then no more', async () => {
  const { reads, write, known, due, sql } = await openSettled();
  await using _ = reads;
  const dueInSeconds = async () => {
    const [row] = await due();
    return row && Math.round((Date.parse(`${row.due}Z`) - Date.now()) / 10_000) * 10;
  };
  await write("UPDATE ACCOUNT SET nick = 'prepared' WHERE id = 1");
  await reads.read(1n);
  expect(await due()).toMatchObject([{ k: '1', again: 1 }]);
  expect(await dueInSeconds()).toBe(10);
  // As an XA transaction that was rolled back leaves it.
  await write("UPDATE ACCOUNT SET nick = 'Ann' WHERE id = 1");
  await using __ = reads.readDue();
  for (const [again, seconds] of [
    [2, 60],
    [3, 600],
  ]) {
    await sql('UPDATE STATE.due_key SET due = NOW(6)');
    await expect.poll(async () => (await due())[0]?.again, SOON).toBe(again);
    expect(await dueInSeconds()).toBe(seconds);
    expect(await known(1n)).toMatchObject({ values: [null, 'Ann'] });
  }
  await sql('UPDATE STATE.due_key SET due = NOW(6)');
  await expect.poll(due, SOON).toEqual([]);
});

test('columns that a message did not say are read; what it said is written meanwhile', async () => {
  const { server, feed, reads, write, known, due, nicks } = await openSettled();
  await using _ = reads;
  await write("UPDATE ACCOUNT SET nick = 'Ann B.', avatar = 'a.png' WHERE id = 1");
  await feed.rows([1n, undefined, 'Ann B.']);
  expect(await due()).toMatchObject([{ k: '1', again: 0 }]);
  await drain(server);
  expect((await nicks())[0]).toBe('Ann B.');
  await using __ = reads.readDue();
  await expect.poll(due, SOON).toEqual([]);
  expect(await known(1n)).toMatchObject({ values: ['a.png', 'Ann B.'], knownUntil: -1n });
  await drain(server);
  expect(await column(server, `SELECT avatar FROM ${server.friendDb}.friend WHERE friend_id = 1`)).toEqual(['a.png']);
  // It was completed, not corrected.
  expect(await reads.corrections()).toEqual({});
});

test('a key that is marked as due while its row is read stays due, though it is found equal', async () => {
  const { server, feed, reads, due } = await openSettled();
  await using _ = reads;
  const { database } = server.store;
  const { due: store } = feed.source;
  await store.mark(database, [1n, 2n]);
  const claimed = await database.transaction('claim', (tx) => store.claim(tx, 10));
  await store.mark(database, [1n]);
  await store.settle(database, claimed);
  expect((await due()).map(({ k }) => k)).toEqual(['1']);
  await using __ = reads.readDue();
  await expect.poll(due, SOON).toEqual([]);
});

test('a key whose mirror row is another when its due mark is cleared stays due', async () => {
  const { server, feed, reads, known, due, sql } = await openSettled();
  await using _ = reads;
  const { store } = server;
  await feed.source.due.mark(store.database, [1n]);
  let count = 0;
  const database: Database = {
    ...store.database,
    async transaction(doing, work) {
      // As a store that is set back between the comparison and the clearing has it.
      if (doing === 'settling keys' && ++count === 1)
        await sql("UPDATE STATE.mirror_account SET v_nick = 'set back' WHERE k = 1");
      return store.database.transaction(doing, work);
    },
  };
  await using __ = reads.having({ store: { ...store, database } }).readDue();
  await expect.poll(due, SOON).toMatchObject([{ k: '1', again: 1 }]);
  expect(await known(1n)).toMatchObject({ values: [null, 'Ann'] });
});

test('a mirror row that somebody has locked is passed over, and looked at again; the others are written', async () => {
  const { server, feed, reads, write, known, due } = await openSettled();
  await using _ = reads;
  await write("UPDATE ACCOUNT SET nick = 'right'");
  const { stateDatabase } = server.configuration.settings.target;
  await feed.source.due.mark(server.store.database, [1n, 2n]);
  await server.friend.transaction('somebody', async (tx) => {
    await tx.rows('locking', `SELECT k FROM ${stateDatabase}.mirror_account WHERE k = 1 FOR UPDATE`);
    const settled = await reads.read(1n, 2n, 3n);
    expect(settled.map(({ suspect, outcome }) => [suspect.read.key, outcome])).toEqual([
      [1n, 'taken'],
      [2n, 'row'],
      [3n, 'row'],
    ]);
    await using __ = reads.readDue();
    await expect.poll(async () => (await due()).find(({ k }) => k === '1')?.attempts, SOON).toBeGreaterThan(0);
  });
  expect(await known(1n)).toMatchObject({ values: [null, 'Ann'] });
  await using __ = reads.readDue();
  await expect.poll(() => known(1n), SOON).toMatchObject({ values: [null, 'right'] });
});

test('the unknown column of a row that changes again and again is filled meanwhile', async ({ annotate }) => {
  const { feed, reads, write, known } = await openSettled();
  await using _ = reads;
  await write("UPDATE ACCOUNT SET avatar = 'a.png' WHERE id = 1");
  let [changes, isOver] = [0, false];
  const changing = (async () => {
    for (; !isOver; changes++) {
      const nick = `nick ${changes}`;
      await write(`UPDATE ACCOUNT SET nick = '${nick}' WHERE id = 1`);
      await feed.rows([1n, undefined, nick]);
      await delay(CHANGE_EVERY_MS);
    }
  })();
  await expect.poll(async () => (await known(1n))?.values[0], SOON).toBe(undefined);
  const began = performance.now();
  await using __ = reads.readDue();
  await expect.poll(async () => (await known(1n))?.values[0], SOON).toBe('a.png');
  await annotate(`filled after ${Math.round(performance.now() - began)} ms and ${changes} changes in all`);
  isOver = true;
  await changing;
});
