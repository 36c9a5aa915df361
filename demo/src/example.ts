import { randomInt } from 'node:crypto';
import type { Database } from '@friend-sync/sync-service';

const USERS = 3_000;
const FRIENDS_EACH = 5;
const GROUPS_EACH = 2;
const ROWS_PER_INSERT = 1_000;

/** Creates the example's tables: users, and the copies of their names that friends and groups keep. */
export async function createExample(user: Database, friend: Database): Promise<void> {
  await user.write('example', 'CREATE DATABASE user_db');
  await user.write(
    'example',
    `CREATE TABLE user_db.im_user (id BIGINT PRIMARY KEY, user_name VARCHAR(64) NOT NULL, password VARCHAR(255) NOT NULL,
       nick_name VARCHAR(64) NOT NULL, head_img VARCHAR(255) NOT NULL DEFAULT '', phone VARCHAR(20))`,
  );
  await friend.write('example', 'CREATE DATABASE friend_db');
  await friend.write(
    'example',
    `CREATE TABLE friend_db.im_friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, friend_id BIGINT NOT NULL,
       friend_nick_name VARCHAR(64), friend_head_img VARCHAR(255), UNIQUE KEY (user_id, friend_id), KEY (friend_id))`,
  );
  await friend.write(
    'example',
    `CREATE TABLE friend_db.im_group_member (group_id BIGINT NOT NULL, user_id BIGINT NOT NULL, user_nick_name VARCHAR(64),
       user_head_img VARCHAR(255), quit TINYINT NOT NULL DEFAULT 0, PRIMARY KEY (group_id, user_id), KEY (user_id))`,
  );
}

/** Fills the example: users, and copies that know nothing of them yet. Returns how many of each. */
export async function fillExample(user: Database, friend: Database): Promise<{ users: number; copies: number }> {
  const ids = Array.from({ length: USERS }, (_, i) => i + 1);
  const friendOf = (id: number, n: number) => ((id + n * 37) % USERS) + 1;
  await insertRows(
    user,
    'user_db.im_user (id, user_name, password, nick_name)',
    ids.map((id) => [id, `user${id}`, 'secret', `Nick ${id}`]),
  );
  const friends = ids.flatMap((id) => Array.from({ length: FRIENDS_EACH }, (_, n) => [id, friendOf(id, n)]));
  await insertRows(friend, 'friend_db.im_friend (user_id, friend_id)', friends);
  const members = ids.flatMap((id) => Array.from({ length: GROUPS_EACH }, (_, n) => [(id % 50) + n * 50, id]));
  await insertRows(friend, 'friend_db.im_group_member (group_id, user_id)', members);
  return { users: ids.length, copies: friends.length + members.length };
}

/** `into`: the table and its columns. */
export async function insertRows(database: Database, into: string, rows: unknown[][]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    await database.write('filling the example', `INSERT INTO ${into} VALUES ?`, [rows.slice(at, at + ROWS_PER_INSERT)]);
  }
}

/** What the user service does: one of so many users changes nickname and avatar. Returns the user. */
export async function updateSomebody(user: Database, n: number, users = USERS): Promise<number> {
  const id = randomInt(1, users + 1);
  await user.write('updating a profile', 'UPDATE user_db.im_user SET nick_name = ?, head_img = ? WHERE id = ?', [
    `Nick ${id} 🎈${n}`,
    `https://img.example/${id}/${n}.png`,
    id,
  ]);
  return id;
}
