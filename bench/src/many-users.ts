import { insertRows } from '@friend-sync/demo';
import type { Database } from '@friend-sync/sync-service';

/** One of so many users has copies. */
const EVERY = 10;
const COPIES_EACH = 20;
const USERS_AT_ONCE = 10_000;

export interface ManyUsers {
  readonly users: number;
  /** What the copies hold: the newest values of their users, or nothing; without it there are none. */
  readonly copies?: 'equal' | 'empty';
}

/** Fills the example with many users, of whom every tenth has twenty copies. Returns how many copies. */
export async function fillManyUsers(user: Database, friend: Database, { users, copies }: ManyUsers): Promise<number> {
  let count = 0;
  for (let from = 1; from <= users; from += USERS_AT_ONCE) {
    const ids = Array.from({ length: Math.min(USERS_AT_ONCE, users - from + 1) }, (_, i) => from + i);
    await insertRows(
      user,
      'user_db.im_user (id, user_name, password, nick_name, head_img)',
      ids.map((id) => [id, `user${id}`, 'secret', nickOf(id), imageOf(id)]),
    );
    if (!copies) continue;
    const rows = ids
      .filter((id) => id % EVERY === 0)
      .flatMap((id) => Array.from({ length: COPIES_EACH }, (_, n) => [n + 1, id, ...valuesOf(id, copies)]));
    await insertRows(friend, 'friend_db.im_friend (user_id, friend_id, friend_nick_name, friend_head_img)', rows);
    count += rows.length;
  }
  return count;
}

const nickOf = (id: number) => `Nick ${id}`;
const imageOf = (id: number) => `https://img.example/${id}.png`;
const valuesOf = (id: number, copies: 'equal' | 'empty') =>
  copies === 'equal' ? [nickOf(id), imageOf(id)] : [null, null];
