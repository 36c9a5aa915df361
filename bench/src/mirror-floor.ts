import type { Database } from '@friend-sync/sync-service';

/** A page has at most so many rows, and so many times as many as the one before. */
const FIRST_ROWS = 100;
const MOST_ROWS = 5_000;
const GROWTH = 4;
const ROWS_A_STATEMENT = 2_500;
/** So many statements write while the next page is read. */
const WRITERS = 2;
const TABLE = 'bench_floor.mirror_user';
const COLUMNS = `k, v_head_img, v_nick_name, u_head_img, u_nick_name, fs_epoch, fs_partition, fs_offset, fs_committed_at_ms,
  fs_deleted, fs_read, fs_known_until`;

/**
 * Reads all users and INSERTs them into a table like the mirror, and nothing else: pages, columns, statements and connections
 * are those of own reads. Returns rows a second.
 */
export async function measureMirrorFloor(user: Database, friend: Database): Promise<number> {
  await friend.write('creating a table', 'CREATE DATABASE IF NOT EXISTS bench_floor');
  await friend.write('creating a table', `DROP TABLE IF EXISTS ${TABLE}`);
  await friend.write('creating a table', `CREATE TABLE ${TABLE} LIKE friend_sync.mirror_user`);
  const began = performance.now();
  const writing = new Set<Promise<unknown>>();
  let rowCount = 0;
  for await (const rows of pages(user)) {
    rowCount += rows.length;
    for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
      const write: Promise<unknown> = insert(friend, rows.slice(at, at + ROWS_A_STATEMENT)).finally(() =>
        writing.delete(write),
      );
      writing.add(write);
      if (writing.size === WRITERS) await Promise.race(writing);
    }
  }
  await Promise.all(writing);
  return (rowCount * 1_000) / (performance.now() - began);
}

type Row = Readonly<Record<string, unknown>>;

/** Each page is read ahead, while those before it are written. */
async function* pages(user: Database): AsyncGenerator<readonly Row[]> {
  const read = (after: unknown, limit: number) =>
    user.rows(
      'reading a page',
      'SELECT id AS k, head_img, nick_name FROM user_db.im_user WHERE id > ? ORDER BY id LIMIT ?',
      [after, limit],
    );
  let limit = FIRST_ROWS;
  for (let next = read(0, limit); ; ) {
    const rows = await next;
    if (rows.length < limit) return yield rows;
    limit = Math.min(MOST_ROWS, limit * GROWTH);
    next = read(rows.at(-1)?.k, limit);
    yield rows;
  }
}

async function insert(friend: Database, rows: readonly Row[]): Promise<void> {
  const values = rows.map(({ k, head_img, nick_name }) => [k, head_img, nick_name, 0, 0, 0, 0, 0, null, 0, 1, -1]);
  await friend.write('writing a page', `INSERT INTO ${TABLE} (${COLUMNS}) VALUES ?`, [values]);
}
