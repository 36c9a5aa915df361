import { createServer, connect as dial, type Socket } from 'node:net';
import { type Key, openStore, openTarget, type Value } from '@friend-sync/sync-service';
import { expect, inject, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';
import { startWorkers } from '../support/workers.ts';

const KEYS = 200;
const keys = Array.from({ length: KEYS }, (_, i) => BigInt(i + 1));

/** Three copies of each key in one target, one in the other. */
async function createCopies({ friend, friendDb }: FriendServer): Promise<void> {
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, remark) VALUES ?`, [
    keys.flatMap((key) => [0, 1, 2].map(() => [key, '0'])),
  ]);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES ?`, [
    keys.map((key) => [key % 7n, key]),
  ]);
}

const changesTo = (value: string) => keys.map((key): [Key, Value, Value] => [key, null, value]);

const nicks = ({ friendDb }: FriendServer) =>
  `SELECT DISTINCT nick FROM (SELECT nick FROM ${friendDb}.friend UNION SELECT nick FROM ${friendDb}.member) AS every`;

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** A deadlock's victim is tried again as a whole, as the daemon does. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { kind?: string }).kind !== 'store_contended') throw error;
    }
  }
}

test('case 44, 52: beside an application that locks rows in any order, nothing is parked, and its own columns survive', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb } = server;
  const feed = createFeed(server);
  await createCopies(server);
  await using workers = startWorkers(server);
  let isDone = false;
  let edits = 0;
  const application = async () => {
    while (!isDone) {
      const some = shuffled(keys).slice(0, 10);
      await retried(() =>
        friend.transaction('the application', async (tx) => {
          for (const key of some) {
            await tx.write('editing', `UPDATE ${friendDb}.friend SET remark = remark + 1 WHERE friend_id = ?`, [key]);
            await tx.write('adding', `INSERT INTO ${friendDb}.friend (friend_id, remark) VALUES (?, '0')`, [key]);
          }
        }),
      );
      edits += some.length;
    }
  };
  const applications = [application(), application()];
  for (let round = 0; round < 20; round++) await retried(() => feed.rows(...changesTo(`round ${round}`)));
  isDone = true;
  await Promise.all(applications);
  // What the application added after the last pass of its key is a late copy, and the patrol's.
  await retried(() => feed.rows(...changesTo('last')));
  await workers.settled();

  expect(await column(server, nicks(server))).toEqual(['last']);
  expect(workers.postponed.filter(({ kind }) => kind !== 'store_contended')).toEqual([]);
  const [sum] = await column(server, `SELECT SUM(remark) >= ${edits * 3} FROM ${friendDb}.friend`);
  expect(Number(sum)).toBe(1);
});

function gate(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('case 15: what an instance that froze inside a transaction has locked is free again after its lease', async () => {
  await using server = await openFriendServer({ ...TABLES, settings: { fanOut: { leaseMs: 1_000 } } });
  const { store } = server;
  await createCopies(server);
  const feed = createFeed(server);
  await feed.rows(...changesTo('some'));
  const [frozen, woken] = [gate(), gate()];
  const zombie = store.database.transaction('the zombie', async (tx) => {
    await feed.source.copies[0]?.makeEqual(tx, keys);
    frozen.open();
    await woken.opened;
    await tx.write('waking', `UPDATE ${server.friendDb}.friend SET nick = 'old'`);
  });
  await frozen.opened;
  await using workers = startWorkers(server);
  await workers.settled();
  woken.open();
  await expect(zombie).rejects.toMatchObject({ kind: 'store_unavailable' });
  expect(await column(server, nicks(server))).toEqual(['some']);
});

/** A way to the friend server that breaks once, at a COMMIT: before or after the server has heard it. */
async function openBreakingWay(when: 'before' | 'after') {
  const { host, port } = inject('friendMysql');
  const sockets = new Set<Socket>();
  const state = { isArmed: false, broken: 0 };
  const server = createServer((client) => {
    const upstream = dial(port, host);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    let isAnswerLost = false;
    for (const socket of [client, upstream]) sockets.add(socket.on('error', end).on('close', end));
    client.on('data', (chunk) => {
      if (!state.isArmed || !chunk.includes('COMMIT')) return upstream.write(chunk);
      state.isArmed = false;
      state.broken++;
      // The server hears it and its answer is lost, or it hears nothing.
      if (when === 'before') return end();
      isAnswerLost = true;
      return upstream.write(chunk);
    });
    upstream.on('data', (chunk) => (isAnswerLost ? end() : client.write(chunk)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    state,
    port: typeof address === 'object' && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.each(['before', 'after'] as const)(
  'case 45: a connection that breaks at COMMIT, %s the server has heard it, leaves a redo that is safe',
  async (when) => {
    await using server = await openFriendServer(TABLES);
    await createCopies(server);
    await using way = await openBreakingWay(when);
    const { settings } = server.configuration;
    const target = { ...settings.target, host: '127.0.0.1', port: way.port };
    const configuration = { ...server.configuration, settings: { ...settings, target } };
    await using store = await openStore(configuration, openTarget(configuration));
    const feed = createFeed({ ...server, store });
    await feed.rows(...changesTo('first'));

    way.state.isArmed = true;
    await expect(feed.rows(...changesTo('second'))).rejects.toMatchObject({ kind: 'store_unavailable' });
    const again = await feed.rows(...changesTo('second'));
    expect(again.kind).toBe(when === 'after' ? 'moved' : 'stored');

    way.state.isArmed = true;
    await using workers = startWorkers({ ...server, store });
    await workers.settled();
    expect(way.state.broken).toBe(2);
    expect(await column(server, nicks(server))).toEqual(['second']);
    expect((await drain(server)).written).toBe(0);
  },
);

test('case 49: 1,000 changes of one key become one pass, beside the passes of other keys', async () => {
  await using server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  await createCopies(server);
  for (let n = 0; n < 1_000; n++) await feed.rows([1n, null, `${n}`]);
  await feed.rows([2n, null, 'other']);
  expect((await drain(server)).written).toBe(8);
  expect(
    await column(server, `SELECT nick FROM ${server.friendDb}.friend WHERE friend_id IN (1, 2) ORDER BY id`),
  ).toEqual(['999', '999', '999', 'other', 'other', 'other']);
});

test('case 56: a column that MySQL sets on update stays as it was where the mapping preserves it, and a trigger is named', async () => {
  const [, member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [
      `CREATE TABLE friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64), avatar VARCHAR(255),
         kept DATETIME DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP, moved DATETIME DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP,
         KEY (friend_id))`,
      member,
    ],
    sources: TABLES.sources.replace('avatar: avatar }', 'avatar: avatar }, preserve: [kept]'),
  });
  const { friend, friendDb, configuration } = server;
  const feed = createFeed(server);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  await friend.write(
    'a trigger',
    `CREATE TRIGGER ${friendDb}.watching BEFORE UPDATE ON ${friendDb}.friend FOR EACH ROW SET NEW.friend_id = NEW.friend_id`,
  );
  await feed.rows([1n, null, 'Ann']);
  await drain(server);
  expect(
    await column(server, `SELECT CONCAT_WS('|', nick, YEAR(kept) = 2020, YEAR(moved) = 2020) FROM ${friendDb}.friend`),
  ).toEqual(['Ann|1|0']);
  await using store = await openStore(configuration, openTarget(configuration));
  const notes = store.sources.get('account')?.mapped.flatMap(({ fit }) => fit?.notes ?? []);
  expect(notes?.join('\n')).toMatch(/moved.*watching/s);
});

test('case 80: dates that only an application’s sql_mode allows keep no copy from being written, and stay as they are', async () => {
  const [, member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...TABLES,
    friendTables: [
      `CREATE TABLE friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64), avatar VARCHAR(255),
         kept DATETIME NOT NULL ON UPDATE CURRENT_TIMESTAMP, KEY (friend_id))`,
      member,
    ],
    sources: TABLES.sources.replace(
      'avatar: avatar }',
      `avatar: avatar }, preserve: [kept], where: "kept < '2027-02-31'"`,
    ),
  });
  const { friend, friendDb } = server;
  const dates = ['0000-00-00 00:00:00', '2026-00-00 00:00:00', '2026-02-31 00:00:00'];
  await friend.write(
    'copies',
    `SET SESSION sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO ${friendDb}.friend (friend_id, kept) VALUES ?`,
    [dates.map((date, i) => [i + 1, date])],
  );
  await createFeed(server).rows([1n, null, 'Ann'], [2n, null, 'Ann'], [3n, null, 'Ann']);
  expect(await drain(server)).toMatchObject({ written: 3, postponed: [] });
  expect(await column(server, `SELECT CONCAT(nick, ' ', kept) FROM ${friendDb}.friend ORDER BY friend_id`)).toEqual(
    dates.map((date) => `Ann ${date}`),
  );
});
