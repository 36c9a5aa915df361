import { fileURLToPath } from 'node:url';
import { COPIES_EACH } from './workload.ts';

/** A target table, and how many copies of each user it has. */
export interface Copies {
  readonly table: string;
  readonly key: string;
  readonly nick: string;
  readonly image: string;
  /** What tells the copies of one user apart. */
  readonly number: string;
  readonly each: number;
}

/** Where the copies lie. */
export interface Layout {
  /** The path of the configuration; undefined: the example's. */
  readonly config?: string;
  readonly copies: readonly Copies[];
}

const friends = (each: number): Copies => ({
  table: 'friend_db.im_friend',
  key: 'friend_id',
  nick: 'friend_nick_name',
  image: 'friend_head_img',
  number: 'user_id',
  each,
});

const members = (each: number): Copies => ({
  table: 'friend_db.im_group_member',
  key: 'user_id',
  nick: 'user_nick_name',
  image: 'user_head_img',
  number: 'group_id',
  each,
});

/** Twenty copies of each user in one table, which every contender can write. */
export const ONE_TABLE: Layout = {
  config: fileURLToPath(new URL('../../src/contest/contest.yaml', import.meta.url)),
  copies: [friends(COPIES_EACH)],
};

/** As many, one half in each of two tables. */
export const TWO_TABLES: Layout = { copies: [friends(COPIES_EACH / 2), members(COPIES_EACH / 2)] };
