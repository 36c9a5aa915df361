import { type Change, createLogger, Health, SyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { SourceReads } from '../../sync-service/src/application/read/source-reads.ts';
import { announceDaemon } from '../../sync-service/src/application/supervise/announce.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import { RecentWork } from '../../sync-service/src/application/supervise/recent-work.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS };
const MISREAD = {
  is: 'wrong',
  differences: ['column 2 is nick, the connector reads avatar'],
  misreadsKey: false,
} as const;

/** Keys 1 to 3 with a copy each, settled; nobody makes a round. `open` begins an instance's own reads. */
async function openSettled() {
  const server = await openFriendServer({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  const feed = createFeed(server);
  const { user, userDb, friend, friendDb, configuration, store } = server;
  const { stateDatabase } = configuration.settings.target;
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES (1,'Ann'),(2,'Bea'),(3,'Cid')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
  await drain(server);
  const reads = await openReads(server, feed);
  await reads.round();
  await store.database.transaction('rounds', (tx) => feed.source.round.take(tx, 600));
  const open = async (mapping = 'one') => {
    const [health, log] = [new Health(), createLogger('fatal')];
    const own = await SourceReads.open({
      parts: reads.parts,
      mapping,
      readFrom: reads.parts.database,
      settings: configuration.settings,
      fanOut: { notify() {} },
      perseverance: new Perseverance(health, log, 1_000),
      health,
      metrics: reads.metrics,
      log,
    });
    return { own, health };
  };
  const isDone = async () => (await feed.source.due.count(store.database)) === 0;
  const nicks = () => column(server, `SELECT nick FROM ${friendDb}.friend ORDER BY friend_id`);
  return { server, feed, reads, open, isDone, nicks, stateDatabase };
}

test('case 55: a source that is followed by another mapping than last time is read as a whole, once', async () => {
  const { server, feed, open } = await openSettled();
  const { round } = feed.source;
  const follow = async (mapping: string) => {
    const { own } = await open(mapping);
    await own[Symbol.asyncDispose]();
    return (await round.report(server.store.database)).isAsked;
  };
  expect([await follow('one'), await follow('one'), await follow('another')]).toEqual([false, false, true]);
  const { token = 0n } = (await server.store.database.transaction('rounds', (tx) => round.take(tx, 600))) ?? {};
  await round.end(server.store.database, token, { rowCount: 3, correctedKeys: 0 }, 600);
  expect(await follow('another')).toBe(false);
});

const deleteOf = (key: bigint, offset: bigint): Change => ({
  source: 'account',
  key,
  kind: 'delete',
  values: [],
  position: { epoch: 1, partition: 0, offset },
  gtid: null,
  committedAtMs: 1,
});

test('case 85: a stream that is not trusted tells that two rows are gone: the copy of the one that lives stays, that of the other gets the delete policy', async () => {
  const { server, feed, reads, open, isDone, nicks } = await openSettled();
  await using _ = reads;
  const { own } = await open();
  await using __ = own;
  await own.pictureSeen(MISREAD);
  await server.user.write('a delete', `DELETE FROM ${server.userDb}.account WHERE id = 3`);
  await feed.batch([...own.believed([deleteOf(2n, 3n), deleteOf(3n, 4n)])]);
  await drain(server);
  expect(await nicks()).toEqual(['Ann', 'Bea', 'Cid']);
  await expect.poll(isDone, SOON).toBe(true);
  await drain(server);
  expect(await nicks()).toEqual(['Ann', 'Bea', 'gone']);
  // Neither was the stream silent nor the mirror wrong.
  expect(await reads.corrections()).toEqual({});
});

test('case 85: a source whose keys are misread is held until a new epoch, which a look from before it does not hold again', async () => {
  const { server, reads, open } = await openSettled();
  await using _ = reads;
  const { own } = await open();
  await using __ = own;
  const { serverState, database } = server.store;
  const lost = async () => (await serverState.read(database, 'account'))?.lost;
  await serverState.beginAnew(database, 'account', '');
  const look = async (misreadsKey: boolean) => {
    await own.lookAtPicture();
    return () => own.pictureSeen({ ...MISREAD, misreadsKey });
  };
  await (await look(false))();
  expect(await lost()).toBeUndefined();
  const [tell, tellLate] = [await look(true), await look(true)];
  await tell();
  expect(await lost()).toMatchObject({
    reason:
      'its keys are those of other rows, the connector misreads its table: column 2 is nick, the connector reads avatar',
    mayHeal: true,
  });
  await serverState.beginAnew(database, 'account', '');
  await tellLate();
  expect(await lost()).toBeUndefined();
});

test('an instance that ingests nothing of a source notes what another decides about its stream', async () => {
  const { reads, open } = await openSettled();
  await using _ = reads;
  const [deciding, idle] = [await open(), await open()];
  await using __ = deciding.own;
  await using ___ = idle.own;
  const noted = () => idle.health.troubles.map(({ kind }) => kind);
  await deciding.own.pictureSeen(MISREAD);
  await expect.poll(noted, SOON).toEqual(['stream_distrusted']);
  await deciding.own.pictureSeen({ is: 'right' });
  await expect.poll(noted, SOON).toEqual([]);
});

test('looks that are over for long are forgotten while a daemon runs, whether or not a round ends', async () => {
  const { server, reads, stateDatabase } = await openSettled();
  await using _ = reads;
  await server.friend.write(
    'looks',
    `INSERT INTO ${stateDatabase}.read_look (token, at) VALUES (-1, NOW(6) - INTERVAL 2 HOUR), (-2, NOW(6) - INTERVAL 30 MINUTE)`,
  );
  await using __ = await announceDaemon(server.store, new Health(), {}, new RecentWork());
  const looks = async () => (await column(server, `SELECT token FROM ${stateDatabase}.read_look`)).map(String);
  await expect.poll(looks, SOON).not.toContain('-1');
  expect(await looks()).toContain('-2');
});

test('case 83: a daemon tells how it fares, and one of an older version is there all the same', async () => {
  const { server, reads, stateDatabase } = await openSettled();
  await using _ = reads;
  const health = new Health();
  health.report('table of account', new SyncError('contract_broken', 'no such column'));
  const recent = new RecentWork();
  recent.applied(30);
  await using __ = await announceDaemon(server.store, health, { account: 'a' }, recent);
  await server.friend.write('an older one', `INSERT INTO ${stateDatabase}.daemon (id) VALUES (1)`);
  const running = () => server.store.daemons.running(server.store.database);
  const says = { state: 'starting', sources: { account: 'a' }, figures: recent.figures() };
  expect(await running()).toHaveLength(2);
  expect(await running()).toEqual(expect.arrayContaining([undefined, { ...says, troubles: health.troubles }]));
  health.clear('table of account');
  await expect.poll(running, SOON).toContainEqual({ ...says, troubles: [] });
});
