import type { SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { type Database, quoted } from './database.ts';

/** Those of the keys whose row the source table has, as text. */
export async function readExistingKeys(
  source: Database,
  { key, table }: SourceMapping,
  keys: readonly Key[],
): Promise<Set<string>> {
  const rows = await source.rows(
    `looking for rows of ${table.database}.${table.table}`,
    `SELECT ${quoted(key)} AS k FROM ${quoted(table.database, table.table)} WHERE ${quoted(key)} IN (?)`,
    [keys],
  );
  return new Set(rows.map((row) => String(row.k)));
}
