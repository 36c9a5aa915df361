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
