import { expect, test } from 'vitest';
import type { SyncError } from '../../sync-service/src/errors.ts';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';
import { TABLES } from '../support/tables.ts';

test('case 72: a copy that the server cannot compare, since `where` fails at one of its rows, is told alone, and the round goes on', async () => {
  const [, member = ''] = TABLES.friendTables;
  const server = await openFriendServer({
    ...TABLES,
    friendTables: [
      `CREATE TABLE friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64), avatar VARCHAR(255),
         quota INT UNSIGNED, used INT UNSIGNED, KEY (friend_id))`,
      member,
    ],
    sources: TABLES.sources.replace('avatar: avatar }', 'avatar: avatar }, where: "quota - used > 0"'),
  });
  const { friend, friendDb, user, userDb, store } = server;
  const feed = createFeed(server);
  await using reads = await openReads(server, feed);
  await user.write('a row', `INSERT INTO ${userDb}.account (id, nick) VALUES (1, 'Ann')`);
  await feed.rows([1n, null, 'Ann']);
  await drain(server);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id, quota, used) VALUES (1, 1, 2)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member VALUES (7, 1, 'old')`);
  const told: (readonly [string, SyncError])[] = [];
  const round = () => reads.round({ onUnswept: (copy, problem) => told.push([copy, problem]) });
  const marks = async () => [...(await feed.source.missed.marks(store.database))];

  expect(await round()).toMatchObject({ rowCount: 1 });
  await drain(server);
  expect(await column(server, `SELECT nick FROM ${friendDb}.member`)).toEqual(['Ann']);
  const problem = { kind: 'store_refused', message: expect.stringContaining('friend: ER_DATA_OUT_OF_RANGE') };
  expect(told).toEqual([['friend.friend_id', expect.objectContaining(problem)]]);
  const missed = await marks();
  expect(missed).toMatchObject([['friend.friend_id', expect.anything()]]);
  // The same mark: each new one would have another round begin at once.
  await round();
  expect(await marks()).toEqual(missed);

  await friend.write('mending', `UPDATE ${friendDb}.friend SET used = 0`);
  told.length = 0;
  await round();
  expect(told).toEqual([]);
  expect(await marks()).toEqual([]);
});
