import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { type BinlogPosition, holdsOnlyStatements } from './binlog-rest.ts';
import type { Database } from './database.ts';

async function endOf(server: Database): Promise<BinlogPosition> {
  const last = (await server.rows('listing', 'SHOW BINARY LOGS')).at(-1);
  return { file: String(last?.Log_name), pos: Number(last?.File_size) };
}

test('what comes after a position is statements only, or has rows, or cannot be told', async () => {
  await using server = await openFriendServer(TABLES);
  const { friend, friendDb } = server;
  let end = await endOf(friend);
  await friend.write('a table', `CREATE TABLE ${friendDb}.more (id INT PRIMARY KEY)`);
  const holdsAfterStatements = async () => {
    end = await endOf(friend);
    await friend.write('a statement', `ALTER TABLE ${friendDb}.more COMMENT 'a'`);
    await friend.write('another', `GRANT SELECT ON ${friendDb}.more TO CURRENT_USER()`);
    return holdsOnlyStatements(friend, end);
  };
  // Other tests write rows to the same server at the same time.
  await expect.poll(holdsAfterStatements, { timeout: 30_000 }).toBe(true);
  await friend.write('a row', `INSERT INTO ${friendDb}.more VALUES (1)`);
  expect(await holdsOnlyStatements(friend, end)).toBe(false);
  await friend.write('another file', 'FLUSH BINARY LOGS');
  expect(await holdsOnlyStatements(friend, end)).toBe(false);
  expect(await holdsOnlyStatements(friend, { file: 'no-such-file', pos: 4 })).toBe(false);
});
