import { expect, test } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { openReads } from '../support/reads.ts';

async function openKeys(charset: string, keys: readonly string[], keyOfCopies?: string) {
  const key = `VARCHAR(20) CHARACTER SET ${charset} COLLATE ${charset}_bin`;
  const server = await openFriendServer({
    userTables: [`CREATE TABLE account (id ${key} PRIMARY KEY, nick VARCHAR(64))`],
    friendTables: [
      `CREATE TABLE friend (n INT PRIMARY KEY, friend_id ${keyOfCopies ?? key}, nick VARCHAR(64), KEY (friend_id))`,
    ],
    sources: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`,
  });
  const rows = keys.map((hex) => `(_binary x'${hex}', 'n')`).join();
  await server.user.write('rows', `INSERT INTO ${server.userDb}.account VALUES ${rows}`);
  const feed = createFeed(server);
  return Object.assign(await openReads(server, feed), { server, feed });
}

test.each([
  ['cp932', 'two that are one in UTF-8', ['ED40', 'FA5C']],
  ['cp932', 'one that comes back as another', ['ED40']],
  ['euckr', 'one that UTF-8 lacks', ['C9A1']],
])('keys of %s are told by their column where pages would skip rows, or never end: %s', async (charset, _, keys) => {
  await using reads = await openKeys(charset, ['41', ...keys]);
  await expect(reads.round()).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringMatching(`account.id: holds keys of ${charset} that are others in utf8mb4 and back`),
  });
});

test.each([
  ['gbk', ['41', 'B0A1', 'D6D0CEC4']],
  ['cp932', ['41', '93FA967B']],
  ['latin1', ['41', '80', '81', 'FF']],
  ['utf8mb4', ['41', 'F09F8DA3']],
])('other keys of %s are looked at', async (charset, keys) => {
  await using reads = await openKeys(charset, keys);
  expect(await reads.round()).toMatchObject({ rowCount: keys.length, goneKeys: 0 });
});

test('case 88: a key that its source cannot have, of which a message has told, is gone, and holds up no round', async () => {
  await using reads = await openKeys('latin1', ['41', '42']);
  await reads.feed.rows(['A', 'n'], ['中', 'n'], ['B', 'n']);
  expect(await reads.round()).toMatchObject({ rowCount: 2, goneKeys: 0, correctedKeys: 1 });
  const known = await reads.parts.source.mirror.read(reads.parts.store.database, ['A', '中', 'B']);
  expect([...known].map(([key, { isDeleted }]) => [key, isDeleted])).toEqual([
    ['A', false],
    ['B', false],
    ['中', true],
  ]);
});

test('case 88: a copy whose key its source cannot have is an orphan, and holds up no comparison', async () => {
  await using reads = await openKeys('latin1', ['41'], 'VARCHAR(20)');
  const { configuration, user, friend, friendDb } = reads.server;
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.friend VALUES (1, 'A', 'n'), (2, '中', 'n'), (3, 'A', 'other')`,
  );
  const compared = await compareCopies(configuration, user, friend);
  expect(compared).toMatchObject({ copies: 2, mismatches: 1, orphans: 1 });
});

test('case 88: copies whose keys UTF-8 lacks are compared to their end', async () => {
  await using reads = await openKeys('utf8mb4', ['41'], 'VARCHAR(20) CHARACTER SET euckr');
  const { configuration, user, friend, friendDb } = reads.server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend VALUES (1, 'A', 'n'), (2, _euckr x'C9A1', 'n')`);
  expect(await compareCopies(configuration, user, friend)).toMatchObject({ copies: 1, mismatches: 0 });
});
