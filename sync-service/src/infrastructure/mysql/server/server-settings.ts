import { toSyncError } from '../../../errors.ts';
import type { Database } from './database.ts';

const NAMES = [
  'version',
  'server_id',
  'server_uuid',
  'hostname',
  'port',
  'datadir',
  'log_bin',
  'binlog_format',
  'binlog_row_image',
  'binlog_checksum',
  'binlog_expire_logs_seconds',
  'source_verify_checksum',
  // Its name before 8.0.26.
  'master_verify_checksum',
  'sync_binlog',
  'innodb_flush_log_at_trx_commit',
  'innodb_native_foreign_keys',
  'gtid_mode',
  'read_only',
  'super_read_only',
];

/** A server's own settings by name, as far as they matter to us; one that its version does not have is absent. */
export async function readSettings(server: Database): Promise<ReadonlyMap<string, string>> {
  const sql = 'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)';
  const rows = await server.rows('reading the settings', sql, [NAMES]);
  return new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}

/** What the server's clock says, in ms since 1970. */
export async function readClock(server: Database): Promise<number> {
  const [row] = await server.rows('reading the clock', 'SELECT UNIX_TIMESTAMP(NOW(6)) * 1000 AS ms');
  return Number(row?.ms);
}

/** Whether a version such as `8.0.19-log` comes before another one. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const numbers = version.split(/[.-]/).map(Number);
  const at = than.findIndex((number, place) => numbers[place] !== number);
  return at >= 0 && (numbers[at] ?? 0) < (than[at] ?? 0);
}

const RENAMED = [8, 2, 0];

/** Why nothing of a schema is in the server's binary log; undefined: it is, or our user may not ask. */
export async function findUnlogged(server: Database, schema: string): Promise<string | undefined> {
  const version = (await readSettings(server)).get('version') ?? '';
  const sql = isOlder(version, RENAMED) ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS';
  const [row] = await server.rows('asking what is logged', sql).catch((error) => {
    if (toSyncError(error).kind !== 'contract_broken') throw error;
    return [];
  });
  const [only, never] = [row?.Binlog_Do_DB, row?.Binlog_Ignore_DB].map((list) => String(list ?? '').split(','));
  if (only?.some((name) => name !== '') && !only.includes(schema)) return 'binlog_do_db';
  return never?.includes(schema) ? 'binlog_ignore_db' : undefined;
}
