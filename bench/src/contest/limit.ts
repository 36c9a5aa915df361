import type { Database } from '@friend-sync/sync-service';
import type { Contender } from './job.ts';
import { imageOf, nickOf } from './workload.ts';

const KEYS_A_STATEMENT = 1_000;
const CONNECTIONS = 2;

/**
 * As fast as these rows can be written by SQL: the last values of each user, which lie ready in memory, in bulk. The copies are
 * found by their index, and written while they are read, which was the fastest of the forms tried.
 */
export function limit(): Contender {
  return {
    id: 'limit',
    pid: () => process.pid,
    async run({ world, workload, changes, final }) {
      const rows = [...final].sort(([a], [b]) => a - b);
      const halves = Array.from({ length: CONNECTIONS }, (_, i) =>
        rows.slice((i * rows.length) / CONNECTIONS, ((i + 1) * rows.length) / CONNECTIONS),
      );
      await Promise.all(halves.map((half) => writeAll(world.friend, workload, half)));
      return { changes, final };
    },
  };
}

async function writeAll(friend: Database, mark: string, rows: readonly (readonly [number, number])[]): Promise<void> {
  for (let at = 0; at < rows.length; at += KEYS_A_STATEMENT) {
    const some = rows.slice(at, at + KEYS_A_STATEMENT);
    await friend.write(
      'limit',
      `UPDATE friend_db.im_friend AS f FORCE INDEX (friend_id)
       STRAIGHT_JOIN (VALUES ${some.map(() => 'ROW(?, ?, ?)').join(', ')}) AS v (k, nick, img) ON v.k = f.friend_id
       SET f.friend_nick_name = v.nick, f.friend_head_img = v.img WHERE f.friend_id IN (?)`,
      [...some.flatMap(([key, n]) => [key, nickOf(mark, n), imageOf(mark, n)]), some.map(([key]) => key)],
    );
  }
}
