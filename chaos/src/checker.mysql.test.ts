import { prepareMysql } from '@friend-sync/local-stack';
import type { Database } from '@friend-sync/sync-service';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { readHistory } from './checker.ts';
import { findDifferences } from './comparison.ts';
import { APPLICATION_MARK, CARDS, createExample, FRIENDS, NOTICES, USER_TABLE } from './example.ts';
import { alterationKinds } from './faults/alterations.ts';
import { alter } from './faults/table-faults.ts';
import { rootOf } from './root.ts';
import { numbered } from './version.ts';

let user: Database;
let friend: Database;
let before: Awaited<ReturnType<typeof history>>;
/** Two users of this test, each with one copy of the same id; new ones for each test, since binary logs forget nothing. */
let [one, two] = [-1, 0];

beforeAll(async () => {
  user = rootOf(inject('userMysql').port, 2);
  friend = rootOf(inject('friendMysql').port, 2);
  await createExample(user, friend);
});

afterAll(async () => {
  await user.write('dropping', 'DROP DATABASE user_db');
  await friend.write('dropping', 'DROP DATABASE friend_db');
  await Promise.all([user[Symbol.asyncDispose](), friend[Symbol.asyncDispose]()]);
});

/** Both users are at version 3, their copies at version 2. */
beforeEach(async () => {
  [one, two] = [one + 2, two + 2];
  await user.write('emptying', `DELETE FROM ${USER_TABLE.table}`);
  await friend.write('emptying', `DELETE FROM ${FRIENDS.table}`);
  for (const id of [one, two]) {
    await user.write('a user', `INSERT INTO ${USER_TABLE.table} (id, nick_name, head_img) VALUES (?)`, [
      [id, numbered(id, 3), null],
    ]);
    await friend.write('a copy', `INSERT INTO ${FRIENDS.table} (id, user_id, friend_id) VALUES (?)`, [[id, 0, id]]);
    await write(id, 2);
  }
  before = await history();
});

/** What friend-sync would do: only mapped columns. */
async function write(id: number, n: number): Promise<void> {
  await friend.write('writing', `UPDATE ${FRIENDS.table} SET friend_nick_name = ? WHERE id = ?`, [numbered(id, n), id]);
}

async function history() {
  const address = { ...inject('friendMysql'), rootUser: 'root' } as const;
  const { versions, backwards, excepted } = await readHistory(friend, address, await prepareMysql(() => {}));
  return { versions, backwards, excepted };
}

test('equal copies, whose versions only grew, are right', async () => {
  await write(one, 3);
  await write(two, 3);
  expect(await findDifferences(user, friend)).toMatchObject({ mismatches: 0, lost: 0 });
  expect(await history()).toMatchObject({ versions: before.versions + 2, backwards: before.backwards });
});

test('a copy that went back for a moment is found in the binary log, though it is right in the end', async () => {
  await write(one, 3);
  await write(two, 3);
  await write(two, 2);
  await friend.write('rotating', 'FLUSH BINARY LOGS');
  await write(two, 3);
  expect(await findDifferences(user, friend)).toMatchObject({ mismatches: 0, lost: 0 });
  expect(await history()).toMatchObject({ backwards: before.backwards + 1 });
});

test('a step back that was rolled back never happened', async () => {
  await write(two, 3);
  const rolledBack = friend.transaction('rolling back', async (tx) => {
    await tx.write('writing', `UPDATE ${FRIENDS.table} SET friend_nick_name = ? WHERE id = ?`, [numbered(two, 2), two]);
    throw new Error('as intended');
  });
  await expect(rolledBack).rejects.toThrow();
  expect(await history()).toMatchObject({ backwards: before.backwards });
});

test('a copy that the application wrote ahead and friend-sync set back is counted apart', async () => {
  await friend.write(
    'ahead',
    `UPDATE ${FRIENDS.table} SET friend_nick_name = ?, ${APPLICATION_MARK} = ${APPLICATION_MARK} + 1 WHERE id = ?`,
    [numbered(one, 3), one],
  );
  await write(one, 2);
  expect(await history()).toMatchObject({ backwards: before.backwards, excepted: before.excepted + 1 });
});

test('a copy that stayed behind is lost; one that has other bytes is a mismatch', async () => {
  await friend.write('other bytes', `UPDATE ${FRIENDS.table} SET friend_nick_name = ? WHERE id = ?`, [
    numbered(two, 3).toUpperCase(),
    two,
  ]);
  expect(await findDifferences(user, friend)).toMatchObject({ mismatches: 2, lost: 1 });
});

test('every alteration changes its table, and its undo makes it what it was', async () => {
  const account = "'altered'@'%'";
  await friend.write('a user', `CREATE USER ${account}`);
  for (const { table, values } of [CARDS, NOTICES])
    await friend.write('a right', `GRANT UPDATE (${values[1]}) ON ${table} TO ${account}`);
  for (const { server, alterations } of alterationKinds(account)) {
    await using root = rootOf(inject(server === 'user-mysql' ? 'userMysql' : 'friendMysql').port, 1);
    for (const alteration of alterations) {
      const undo = await alter(root, alteration);
      await undo();
    }
  }
  await friend.write('dropping', `DROP USER ${account}`);
});
