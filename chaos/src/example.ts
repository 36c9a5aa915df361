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
const GROUPS = 40;
const CARDS_EACH = 10;

/** A source table; all of them have the same columns. */
export interface SourceTable {
  readonly table: string;
  readonly rows: number;
}

export const USER_TABLE: SourceTable = { table: 'user_db.im_user', rows: USERS };
/** The second source, with targets of its own. */
export const GROUP_TABLE: SourceTable = { table: 'user_db.im_group', rows: GROUPS };
export const SOURCE_TABLES = [USER_TABLE, GROUP_TABLE] as const;

/** A target table, as far as the harness has to know it. */
export interface CopyTable {
  readonly source: SourceTable;
  readonly table: string;
  readonly primaryKey: readonly string[];
  /** Holds who has the copy. */
  readonly owner: string;
  /** Holds the id of the source's row; the index that begins with it has its name. */
  readonly key: string;
  /** Copies of nick and head. */
  readonly values: readonly [string, string];
}

/** Counted up by the application in every statement that writes a mapped column or the key, so that its writes are known. */
export const APPLICATION_MARK = 'written_by_application';

export const FRIENDS: CopyTable = {
  source: USER_TABLE,
  table: 'friend_db.im_friend',
  primaryKey: ['id'],
  owner: 'user_id',
  key: 'friend_id',
  values: ['friend_nick_name', 'friend_head_img'],
};

export const MEMBERS: CopyTable = {
  source: USER_TABLE,
  table: 'friend_db.im_group_member',
  primaryKey: ['group_id', 'user_id'],
  owner: 'group_id',
  key: 'user_id',
  values: ['user_nick_name', 'user_head_img'],
};

/** Of groups, as users see them. */
export const CARDS: CopyTable = {
  source: GROUP_TABLE,
  table: 'friend_db.im_group_card',
  primaryKey: ['id'],
  owner: 'user_id',
  key: 'group_id',
  values: ['group_nick_name', 'group_head_img'],
};

export const NOTICES: CopyTable = {
  source: GROUP_TABLE,
  table: 'friend_db.im_group_notice',
  primaryKey: ['user_id', 'group_id'],
  owner: 'user_id',
  key: 'group_id',
  values: ['group_nick_name', 'group_head_img'],
};

export const COPY_TABLES = [FRIENDS, MEMBERS, CARDS, NOTICES] as const;

export async function createExample(user: Database, friend: Database): Promise<void> {
  await user.write('example', 'CREATE DATABASE user_db');
  for (const { table } of SOURCE_TABLES)
    await user.write(
      'example',
      `CREATE TABLE ${table} (id BIGINT PRIMARY KEY, password VARCHAR(255) NOT NULL DEFAULT 'secret',
       nick_name VARCHAR(64) DEFAULT 'nobody', head_img VARCHAR(255) DEFAULT '', preferences JSON)`,
    );
  await friend.write('example', 'CREATE DATABASE friend_db');
  for (const { table, owner, key, values, primaryKey } of COPY_TABLES) {
    const hasId = primaryKey.includes('id');
    // Mapped columns are the last ones: without one of them, the others have the same numbers in the binary log.
    await friend.write(
      'example',
      `CREATE TABLE ${table} (${hasId ? 'id BIGINT AUTO_INCREMENT PRIMARY KEY, ' : ''}${owner} BIGINT NOT NULL, ${key} BIGINT NOT NULL,
         quit TINYINT NOT NULL DEFAULT 0, remark VARCHAR(64), ${APPLICATION_MARK} INT NOT NULL DEFAULT 0,
         ${values[0]} VARCHAR(64), ${values[1]} VARCHAR(255), ${hasId ? 'UNIQUE' : 'PRIMARY'} KEY (${owner}, ${key}), KEY (${key}))`,
    );
  }
}

/** Fills the example: users at their first version, and copies that know nothing of them yet. Returns how many copies. */
export async function fillExample(user: Database, friend: Database): Promise<number> {
  const upTo = (length: number) => Array.from({ length }, (_, i) => i + 1);
  // So long that a server which may logs a part of it alone.
  const preferences = JSON.stringify({ theme: 'light', bio: 'b'.repeat(500) });
  for (const { table, rows } of SOURCE_TABLES)
    await user.write('filling', `INSERT INTO ${table} (id, nick_name, head_img, preferences) VALUES ?`, [
      upTo(rows).map((id) => [id, numbered(id, 1), null, preferences]),
    ]);
  const fill = async ({ table, owner, key }: CopyTable, rows: readonly (readonly [number, number])[]) => {
    await friend.write('filling', `INSERT INTO ${table} (${owner}, ${key}) VALUES ?`, [rows]);
    return rows.length;
  };
  const ids = upTo(USERS);
  const friends = await fill(FRIENDS, [
    ...ids.flatMap((id) => upTo(FRIENDS_EACH).map((n) => [id, ((id + n * 37) % USERS) + 1] as const)),
    ...POPULAR_USERS.flatMap((id) =>
      upTo(id === HOT_USER ? HOT_COPIES : POPULAR_COPIES).map((n) => [USERS + n, id] as const),
    ),
  ]);
  const members = await fill(MEMBERS, [
    ...ids.flatMap((id) => upTo(GROUPS_EACH).map((n) => [(id % 50) + n * 50, id] as const)),
    ...upTo(HOT_COPIES / 3).map((n) => [1_000 + n, HOT_USER] as const),
  ]);
  const ofGroups = upTo(GROUPS).flatMap((id) => upTo(CARDS_EACH).map((n) => [n, id] as const));
  return friends + members + (await fill(CARDS, ofGroups)) + (await fill(NOTICES, ofGroups));
}
