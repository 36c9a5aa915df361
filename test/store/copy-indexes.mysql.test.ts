import type { Key } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { column, drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const NUMBERS: readonly Key[] = [1n, 2n];
const TEXTS: readonly Key[] = ['Bob', 'bob'];
const TEXT = 'VARCHAR(20) COLLATE utf8mb4_bin';
const LATIN = 'VARCHAR(20) CHARACTER SET latin1';

/** How the key's type is written on both sides, how the copies' table finds it, and two keys. */
test.each<[string, string, string, readonly Key[]]>([
  ['BIGINT', 'owner INT UNSIGNED, n INT AUTO_INCREMENT PRIMARY KEY', 'KEY (owner)', NUMBERS],
  ['BIGINT', 'owner BIGINT, n INT AUTO_INCREMENT', 'PRIMARY KEY (owner, n), KEY (n)', NUMBERS],
  [TEXT, `owner ${LATIN}, n INT AUTO_INCREMENT PRIMARY KEY`, 'KEY (owner)', TEXTS],
  [TEXT, 'owner VARCHAR(20), n INT AUTO_INCREMENT', 'PRIMARY KEY (owner, n), KEY (n)', TEXTS],
])(
  'copies that an application has inserted or changed, and not committed yet, are waited for: %s, %s, %s',
  async (keyType, columns, indexes, keys) => {
    const [first, second] = keys as [Key, Key];
    await using server = await openFriendServer({
      userTables: [`CREATE TABLE account (id ${keyType} PRIMARY KEY, nick VARCHAR(64))`],
      friendTables: [`CREATE TABLE friend (${columns}, nick VARCHAR(64), ${indexes})`],
      sources:
        '\n  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: owner, set: { nick: nick } }] }',
    });
    const { friend, friendDb } = server;
    const feed = createFeed(server);
    const copies = () => column(server, `SELECT CONCAT(owner, ' ', nick) FROM ${friendDb}.friend ORDER BY n`);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (owner, nick) VALUES (?, 'old'), (?, 'old')`, keys);
    const whileOpen = (sql: string) =>
      friend.transaction('the application', async (tx) => {
        await tx.write('writing', sql, [second]);
        await feed.source.pending.mark(friend, keys);
        const { postponed } = await drain(server);
        expect(new Set(postponed.map(({ kind }) => kind))).toEqual(new Set(['store_contended']));
      });
    const areEqual = () =>
      expect
        .poll(() => drain(server).then(copies), { timeout: PATIENCE_MS })
        .toEqual([`${first} old`, `${second} new`, `${second} new`]);

    await feed.rows([first, 'old'], [second, 'new']);
    await whileOpen(`INSERT INTO ${friendDb}.friend (owner, nick) VALUES (?, 'older')`);
    await areEqual();
    // Until it is committed, the others see a copy that is equal.
    await whileOpen(`UPDATE ${friendDb}.friend SET nick = 'older' WHERE owner = ? AND n > 2`);
    await areEqual();
  },
);

test('copies whose foreign key holds fewer characters than the keys have get the values of their own key only', async () => {
  await using server = await openFriendServer({
    userTables: [`CREATE TABLE account (id ${TEXT} PRIMARY KEY, nick VARCHAR(64))`],
    friendTables: [
      `CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, owner ${LATIN}, nick VARCHAR(64), KEY (owner))`,
    ],
    sources:
      '\n  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: owner, set: { nick: nick } }] }',
  });
  const { friend, friendDb } = server;
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (owner) VALUES ('?'), ('é'), ('E'), (NULL)`);
  await createFeed(server).rows(['昵', 'of another'], ['é', 'of é'], ['e', 'of e']);
  expect(await drain(server)).toEqual({ written: 1, postponed: [], unfit: [] });
  expect(await column(server, `SELECT nick FROM ${friendDb}.friend ORDER BY n`)).toEqual([null, 'of é', null, null]);
});
