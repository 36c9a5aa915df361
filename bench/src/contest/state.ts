import type { Database } from '@friend-sync/sync-service';

/** Every table that a contender writes: the copies, and friend-sync's own. */
const WRITTEN = "table_schema IN ('friend_db', 'friend_sync') AND table_type = 'BASE TABLE'";

/**
 * Keeps what all tables hold, to begin every run with it. Nothing of it is in the binary log, so nobody takes it for
 * changes, and the server's position does not move.
 */
export async function keepState(friend: Database): Promise<{ restore(): Promise<void> }> {
  const tables = (
    await friend.rows(
      'listing tables',
      `SELECT table_schema AS d, table_name AS t FROM information_schema.tables WHERE ${WRITTEN}`,
    )
  ).map(({ d, t }) => ({ table: `\`${d}\`.\`${t}\``, kept: `bench_base.\`${d}__${t}\`` }));
  // On one connection, and in no transaction: in one, nobody may switch the log off.
  const unlogged = async (statements: readonly string[]) => {
    const off = 'SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0';
    const on = 'SET SESSION sql_log_bin = 1, foreign_key_checks = 1, unique_checks = 1';
    await friend.write('restoring', [off, ...statements, on].join(';\n'));
  };
  await unlogged([
    'DROP DATABASE IF EXISTS bench_base',
    'CREATE DATABASE bench_base',
    ...tables.flatMap(({ table, kept }) => [
      `CREATE TABLE ${kept} LIKE ${table}`,
      `INSERT INTO ${kept} SELECT * FROM ${table}`,
    ]),
  ]);
  return {
    restore: () =>
      unlogged(
        tables.flatMap(({ table, kept }) => [`TRUNCATE ${table}`, `INSERT INTO ${table} SELECT * FROM ${kept}`]),
      ),
  };
}
