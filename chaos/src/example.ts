import type { Database } from '@friend-sync/sync-service';
import { numbered } from './version.ts';

export const USERS = 400;
/** A user with thousands of copies. */
export const HOT_USER = 1;
/** Users with hundreds, the hot one among them: their copies take several transactions. */
export const POPULAR_USERS: readonly number[] = Array.from({ length: 20 }, (_, i) => HOT_USER + i);
const HOT_COPIES = 3_000;
const POPULAR_COPIES = 300;
const FRIENDS_EACH = 5;
const GROUPS_EACH = 3;

export const SOURCE_TABLE = 'user_db.im_user';

/** A target table, as far as the harness has to know it. */
export interface CopyTable {
  readonly table: string;
  readonly primaryKey: readonly string[];
  /** Holds the user's id. */
  readonly key: string;
  /** Copies of nick and head. */
  readonly values: readonly [string, string];
}

/** Counted up by the application in every statement that writes a mapped column or the key, so that its writes are known. */
export const APPLICATION_MARK = 'written_by_application';

export const FRIENDS: CopyTable = {
  table: 'friend_db.im_friend',
  primaryKey: ['id'],
  key: 'friend_id',
  values: ['friend_nick_name', 'friend_head_img'],
};

export const MEMBERS: CopyTable = {
  table: 'friend_db.im_group_member',
  primaryKey: ['group_id', 'user_id'],
  key: 'user_id',
  values: ['user_nick_name', 'user_head_img'],
};

export const COPY_TABLES = [FRIENDS, MEMBERS] as const;

export async function createExample(user: Database, friend: Database): Promise<void> {
  await user.write('example', 'CREATE DATABASE user_db');
  await user.write(
    'example',
    `CREATE TABLE ${SOURCE_TABLE} (id BIGINT PRIMARY KEY, password VARCHAR(255) NOT NULL DEFAULT 'secret',
       nick_name VARCHAR(64) DEFAULT 'nobody', head_img VARCHAR(255) DEFAULT '', preferences JSON)`,
  );
  await friend.write('example', 'CREATE DATABASE friend_db');
  await friend.write(
    'example',
    `CREATE TABLE ${FRIENDS.table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, friend_id BIGINT NOT NULL,
       friend_nick_name VARCHAR(64), friend_head_img VARCHAR(255), remark VARCHAR(64),
       ${APPLICATION_MARK} INT NOT NULL DEFAULT 0, UNIQUE KEY (user_id, friend_id), KEY (friend_id))`,
  );
  await friend.write(
    'example',
    `CREATE TABLE ${MEMBERS.table} (group_id BIGINT NOT NULL, user_id BIGINT NOT NULL, user_nick_name VARCHAR(64),
       user_head_img VARCHAR(255), quit TINYINT NOT NULL DEFAULT 0, remark VARCHAR(64), ${APPLICATION_MARK} INT NOT NULL DEFAULT 0,
       PRIMARY KEY (group_id, user_id), KEY (user_id))`,
  );
}

/** Fills the example: users at their first version, and copies that know nothing of them yet. Returns how many copies. */
export async function fillExample(user: Database, friend: Database): Promise<number> {
  const ids = Array.from({ length: USERS }, (_, i) => i + 1);
  // So long that a server which may logs a part of it alone.
  const preferences = JSON.stringify({ theme: 'light', bio: 'b'.repeat(500) });
  await user.write('filling', `INSERT INTO ${SOURCE_TABLE} (id, nick_name, head_img, preferences) VALUES ?`, [
    ids.map((id) => [id, numbered(id, 1), null, preferences]),
  ]);
  const friends = [
    ...ids.flatMap((id) => Array.from({ length: FRIENDS_EACH }, (_, n) => [id, ((id + n * 37) % USERS) + 1])),
    ...POPULAR_USERS.flatMap((id) =>
      Array.from({ length: id === HOT_USER ? HOT_COPIES : POPULAR_COPIES }, (_, n) => [USERS + 1 + n, id]),
    ),
  ];
  await friend.write('filling', `INSERT INTO ${FRIENDS.table} (user_id, friend_id) VALUES ?`, [friends]);
  const members = [
    ...ids.flatMap((id) => Array.from({ length: GROUPS_EACH }, (_, n) => [(id % 50) + n * 50, id])),
    ...Array.from({ length: HOT_COPIES / 3 }, (_, n) => [1_000 + n, HOT_USER]),
  ];
  await friend.write('filling', `INSERT INTO ${MEMBERS.table} (group_id, user_id) VALUES ?`, [members]);
  return friends.length + members.length;
}
