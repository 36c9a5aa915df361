import { type Database, openDatabase, SyncError } from '@friend-sync/sync-service';
import { expect, onTestFinished, test } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServerOptions, openFriendServer } from '../support/friend-server.ts';
import { openServers } from '../support/own-servers.ts';
import { openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

/** A source with rows 1 to `count`, of which no message has told. */
async function openUnheard(count: number, servers: Pick<FriendServerOptions, 'userMysql'> = {}) {
  const server = await openFriendServer({ ...TABLES, ...servers });
  const feed = createFeed(server);
  const { user, userDb, configuration } = server;
  for (let from = 1; from <= count; from += 5_000) {
    const ids = Array.from({ length: Math.min(5_000, count - from + 1) }, (_, i) => from + i);
    await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [ids.map((id) => [id, `n${id}`])]);
  }
  const state = configuration.settings.target.stateDatabase;
  const count_ = async (what: string) => Number((await column(server, `SELECT COUNT(*) FROM ${state}.${what}`))[0]);
  return { server, feed, reads: await openReads(server, feed), state, count: count_ };
}

test('a first load fills the mirror and marks no key but those whose copies differ', async () => {
  const { server, reads, state, count } = await openUnheard(300);
  await using _ = reads;
  const { friend, friendDb } = server;
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (1,'n1'),(2,'old'),(250,'old')`,
  );
  expect(await reads.round()).toEqual({ rowCount: 300, correctedKeys: 0, goneKeys: 0 });
  expect(await count('mirror_account WHERE fs_epoch = 0 AND NOT fs_deleted')).toBe(300);
  expect(await column(server, `SELECT k FROM ${state}.pending ORDER BY CAST(k AS UNSIGNED)`)).toEqual(['2', '250']);
  expect(await reads.corrections()).toEqual({});
  // What is new to the mirror later on was not heard of.
  await server.user.write('a row', `INSERT INTO ${server.userDb}.account (id, nick) VALUES (301, 'n301')`);
  expect(await reads.round()).toMatchObject({ correctedKeys: 1 });
  expect(await count("pending WHERE k = '301'")).toBe(1);
});

test('case 62: a key that MySQL pads, and columns that are called what we call ours, hide no row', async () => {
  const server = await openFriendServer({
    userTables: ['CREATE TABLE account (c0 INT(8) UNSIGNED ZEROFILL PRIMARY KEY, k VARCHAR(64))'],
    friendTables: ['CREATE TABLE friend (n INT PRIMARY KEY, friend_id INT UNSIGNED, k VARCHAR(64), KEY (friend_id))'],
    sources: `
  - { name: account, table: USER.account, key: c0, copies: [{ table: friend, key: friend_id, set: { k: k } }] }`,
  });
  const { user, userDb, friend, friendDb, configuration } = server;
  // In the order of `k` the last key comes first.
  const ids = Array.from({ length: 250 }, (_, i) => i + 1);
  await user.write('rows', `INSERT INTO ${userDb}.account VALUES ?`, [ids.map((id) => [id, `n${1000 - id}`])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend VALUES ?`, [ids.map((id) => [id, id, 'old'])]);
  await using reads = await openReads(server, createFeed(server));
  expect(await reads.round()).toEqual({ rowCount: 250, correctedKeys: 0, goneKeys: 0 });
  expect(await drain(server)).toMatchObject({ written: 250 });
  expect(await compareCopies(configuration, user, friend)).toMatchObject({ copies: 250, mismatches: 0, orphans: 0 });
});

test('a round whose instance dies goes on elsewhere behind the pages that it has settled', async () => {
  const { server, feed, reads, count } = await openUnheard(600);
  await using _ = reads;
  let pages = 0;
  const { database } = reads.parts;
  const dying: Database = {
    ...database,
    async transaction(doing, work) {
      if (++pages === 2) await expect.poll(() => count('mirror_account'), { timeout: PATIENCE_MS }).toBe(100);
      if (pages === 3) throw new SyncError('aborted', 'it dies');
      return database.transaction(doing, work);
    },
  };
  await expect(reads.having({ database: dying }).round()).rejects.toMatchObject({ kind: 'aborted' });
  const round = await server.store.database.transaction('rounds', (tx) => feed.source.round.take(tx, 0));
  // As many rows as are behind the place, though another page was read.
  expect(round).toMatchObject({ place: { leg: 'source', after: ['100'] }, rowCount: 100 });
  const rowsRead = () => reads.metrics.rowsRead.get().then(({ values }) => values[0]?.value);
  expect(await reads.round()).toMatchObject({ rowCount: 600, goneKeys: 0 });
  expect(await rowsRead()).toBe(500);
  expect(await count('mirror_account')).toBe(600);
});

test('a round locks nothing at the source and holds no transaction open, while rows are updated', async ({
  annotate,
}) => {
  const own = await openServers(['user-mysql'], { performanceSchema: true });
  onTestFinished(() => own[Symbol.asyncDispose]());
  const { server, reads, count } = await openUnheard(20_000, { userMysql: own.userMysql });
  const { user, userDb, configuration } = server;
  const name = 'reader';
  await user.write('a reader', `CREATE USER '${name}'@'%'`);
  await user.write('a reader', `GRANT SELECT ON ${userDb}.* TO '${name}'@'%'`);
  const readFrom = openDatabase(
    { ...configuration.settings.source, user: name },
    {
      connections: 2,
      readsOnly: true,
      sourceName: 'the replica that source.reads names',
    },
  );
  await using _ = reads;
  let [isOver, updates, looks] = [false, 0, 0];
  const ofReader = `JOIN performance_schema.threads t USING (thread_id) WHERE t.processlist_user = '${name}'`;
  const writing = (async () => {
    for (; !isOver; updates++) {
      const id = (updates * 7919) % 20_000;
      await user.write('an update', `UPDATE ${userDb}.account SET nick = 'updated' WHERE id = ?`, [id]);
    }
  })();
  const locks: unknown[] = [];
  const watching = (async () => {
    for (; !isOver; looks++)
      locks.push(
        ...(await user.rows('locks', `SELECT object_name, lock_mode FROM performance_schema.data_locks ${ofReader}`)),
      );
  })();
  // Who locks what it reads would wait for this row.
  await user.transaction('holding a row', async (tx) => {
    await tx.write('an update', `UPDATE ${userDb}.account SET nick = 'held' WHERE id = 1`);
    await reads.having({ database: readFrom }).round();
  });
  const open = await user.rows(
    'open transactions',
    `SELECT m.object_name FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id
       WHERE t.processlist_user = '${name}' AND m.object_schema = '${userDb}'`,
  );
  isOver = true;
  await Promise.all([writing, watching]);
  expect(locks).toEqual([]);
  expect(open).toEqual([]);
  expect([updates > 0, looks > 0]).toEqual([true, true]);
  expect(await count('mirror_account')).toBe(20_000);
  const [statement] = await user.rows(
    'the longest statement',
    `SELECT MAX(max_timer_wait) DIV 1000000000 AS ms FROM performance_schema.events_statements_summary_by_user_by_event_name WHERE user = '${name}'`,
  );
  await annotate(`${updates} updates and ${looks} looks meanwhile, longest statement ${statement?.ms} ms`);
  await readFrom[Symbol.asyncDispose]();
});
