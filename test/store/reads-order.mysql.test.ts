import type { Database, Store } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { lookAt, observe } from '../../sync-service/src/application/read/look.ts';
import { writeReads } from '../../sync-service/src/application/read/write-reads.ts';
import { openSettledReads, outcomes } from '../support/reads.ts';

async function openSettled() {
  const { server, feed, reads } = await openSettledReads();
  const { user, userDb, store, friend, configuration } = server;
  return {
    server,
    feed,
    reads,
    rename: (nick: string) => user.write('a change', `UPDATE ${userDb}.account SET nick = ? WHERE id = 1`, [nick]),
    nick: async () => (await feed.source.mirror.read(store.database, [1n])).get(1n)?.values[1],
    sql: (sql: string) => friend.write('by hand', sql.replace('STATE', configuration.settings.target.stateDatabase)),
  };
}

test('a row of which a message came since it was observed is not written', async () => {
  const { feed, reads, rename, nick } = await openSettled();
  await using _ = reads;
  await rename('read');
  const { suspects } = await reads.look(1n);
  await rename('newer');
  await feed.rows([1n, null, 'newer']);
  expect(outcomes(await reads.settler.settle(suspects))).toEqual([[1n, 'moved']]);
  expect(await nick()).toBe('newer');
});

test('a row that a rewind has reached once more is not written over what was heard before', async () => {
  const { server, feed, reads, rename, nick } = await openSettled();
  await using _ = reads;
  const { consumed, database } = server.store;
  await rename('read');
  const { suspects } = await reads.look(1n);
  await rename('newer');
  await feed.rows([1n, null, 'newer']);
  await database.transaction('rewinding', (tx) => consumed.rewind(tx, feed.topic, 0, 0n));
  // What is observed after the rewind covers the newer row: the water is not lowered.
  const { equal } = await reads.look(1n);
  expect(equal).toEqual([1n]);
  const ends = new Map([[0, 0n]]);
  const settled = await writeReads(reads.parts, suspects, {
    ends,
    marksNew: true,
    takesGone: () => false,
    due: new Map(),
  });
  expect(outcomes(settled)).toEqual([[1n, 'moved']]);
  expect(await nick()).toBe('newer');
});

test('of two that read the same row, with a lost message between, the one that read earlier writes nothing', async () => {
  const { reads, rename, nick } = await openSettled();
  await using _ = reads;
  await rename('older');
  const { suspects } = await reads.look(1n);
  await rename('newer, unheard of');
  expect(outcomes(await reads.read(1n))).toEqual([[1n, 'row']]);
  expect(outcomes(await reads.settler.settle(suspects))).toEqual([[1n, 'moved']]);
  expect(await nick()).toBe('newer, unheard of');
});

test('of two that read a row which the mirror lacks, one inserts it and the other writes nothing', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { user, userDb, store } = server;
  await user.write('a row', `INSERT INTO ${userDb}.account (id, nick) VALUES (9, 'older')`);
  const { suspects } = await reads.look(9n);
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'newer' WHERE id = 9`);
  const later = await reads.look(9n);
  const settled = [await reads.settler.settle(later.suspects), await reads.settler.settle(suspects)];
  expect(settled.map(outcomes)).toEqual([[[9n, 'row']], [[9n, 'moved']]]);
  const rows = await feed.source.mirror.read(store.database, [9n]);
  expect(rows.get(9n)).toMatchObject({ values: [null, 'newer'] });
});

/** The same store, whose writer stalls before it writes the mirror. */
function stalling(store: Store) {
  let [open, stalls] = [() => {}, () => {}];
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const stalled = new Promise<void>((resolve) => {
    stalls = resolve;
  });
  const database: Database = {
    ...store.database,
    transaction: (doing, work) =>
      store.database.transaction(doing, (tx) =>
        work({
          ...tx,
          async roundTrip(gather, end) {
            if (end) {
              stalls();
              await gate;
            }
            return tx.roundTrip(gather, end);
          },
        }),
      ),
  };
  return { store: { ...store, database }, stalled, open: () => open() };
}

test.each([
  ['another read', true],
  ['a message', false],
])('%s of a row that the mirror lacks waits for whoever is writing it', async (_, isRead) => {
  const { server, feed, reads } = await openSettled();
  await using __ = reads;
  const { user, userDb, store } = server;
  const ends = new Map([[0, feed.nextOffset]]);
  const options = { ends, marksNew: true, takesGone: () => false, due: new Map() };
  await user.write('a row', `INSERT INTO ${userDb}.account (id, nick) VALUES (9, 'older')`);
  const older = await reads.look(9n);
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'newer' WHERE id = 9`);
  const newer = await reads.look(9n);
  const slow = stalling(store);
  const writing = writeReads({ ...reads.parts, store: slow.store }, older.suspects, options);
  await slow.stalled;
  const other = () => (isRead ? writeReads(reads.parts, newer.suspects, options) : feed.rows([9n, null, 'newer']));
  await expect(other()).rejects.toMatchObject({ kind: 'store_contended' });
  slow.open();
  expect(outcomes(await writing)).toEqual([[9n, 'row']]);
  await other();
  await reads.read(9n);
  expect((await feed.source.mirror.read(store.database, [9n])).get(9n)).toMatchObject({ values: [null, 'newer'] });
});

test('a row that is equal, but of which a message came since the observation, is not found equal', async () => {
  const { feed, reads, rename } = await openSettled();
  await using _ = reads;
  const observation = await observe(reads.parts);
  await rename('newer');
  await feed.rows([1n, null, 'newer']);
  expect(await lookAt(reads.parts, [1n, 2n], observation)).toMatchObject({ equal: [2n], suspects: [] });
});

test('after the friend database was set back to before the observation nothing is written', async () => {
  const { reads, rename, nick, sql } = await openSettled();
  await using _ = reads;
  await rename('read');
  const { suspects } = await reads.look(1n);
  await sql('DELETE FROM STATE.read_look');
  expect(outcomes(await reads.settler.settle(suspects))).toEqual([[1n, 'given up']]);
  expect(await nick()).toBe('Ann');
});

test.each([
  ['was set back behind the barrier', 'UPDATE STATE.consumed SET next_offset = 2'],
  ['stands in a new epoch', 'UPDATE STATE.consumed SET epoch = 2'],
])('a store that %s meanwhile is not written to', async (_, happens) => {
  const { feed, reads, rename, nick, sql } = await openSettled();
  await using __ = reads;
  await rename('read');
  const { suspects } = await reads.look(1n);
  await sql(happens);
  const ends = new Map([[0, feed.nextOffset]]);
  const settled = await writeReads(reads.parts, suspects, {
    ends,
    marksNew: true,
    takesGone: () => false,
    due: new Map(),
  });
  expect(outcomes(settled)).toEqual([[1n, 'given up']]);
  expect(await nick()).toBe('Ann');
});

test('unknown columns of a row that keeps changing are filled, and the key stays due', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { user, userDb, store } = server;
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'one', avatar = 'a.png' WHERE id = 1`);
  await feed.rows([1n, undefined, 'one']);
  const { suspects } = await reads.look(1n);
  await feed.rows([1n, undefined, 'two']);
  const { due, mirror } = feed.source;
  const claimed = await store.database.transaction('claim', (tx) => due.claim(tx, 10));
  const options = { due: new Map(claimed.map((key) => [key.key, key])) };
  expect(outcomes(await reads.settler.settle(suspects, options))).toEqual([[1n, 'filled']]);
  const rows = await mirror.read(store.database, [1n]);
  expect(rows.get(1n)).toMatchObject({ values: ['a.png', 'two'] });
  expect(await due.count(store.database)).toBe(1);
});

test('a column that a message has said since the observation is not filled', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { user, userDb, store } = server;
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'one', avatar = 'old.png' WHERE id = 1`);
  await feed.rows([1n, undefined, 'one']);
  const { suspects } = await reads.look(1n);
  await feed.rows([1n, 'new.png', 'two']);
  await feed.rows([1n, undefined, 'three']);
  expect(outcomes(await reads.settler.settle(suspects))).toEqual([[1n, 'moved']]);
  const rows = await feed.source.mirror.read(store.database, [1n]);
  expect(rows.get(1n)).toMatchObject({ values: [undefined, 'three'] });
});
