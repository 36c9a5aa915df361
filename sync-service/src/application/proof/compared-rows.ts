import type { CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import type { TargetColumn } from '../../infrastructure/mysql/copies/target-column.ts';
import { type Database, quoted, type Row, type Session } from '../../infrastructure/mysql/server/database.ts';
import { KeyOrder } from '../../infrastructure/mysql/server/key-order.ts';
import { askAmong } from '../../infrastructure/mysql/server/source-rows.ts';

/** Keys whose copies are compared at once. */
export const PAGE_KEYS = 5_000;

/** The keys that copies hold behind a place, page by page, in the order of their column, each with the place behind it. */
export async function* keysOf(
  copy: CopyMapping,
  column: TargetColumn,
  target: Session,
  toKey: (raw: unknown) => Key,
  from: readonly string[],
  pageKeys: number,
): AsyncGenerator<{ readonly keys: readonly Key[]; readonly end: readonly string[] }> {
  const [key, table] = [`f.${quoted(copy.key)}`, quoted(copy.table.database, copy.table.table)];
  const order = new KeyOrder([column]);
  for (let after = from; ; ) {
    const { where, parameters } = order.within({ after });
    const rows = await target.rows(
      `reading ${copy.id}`,
      `SELECT DISTINCT ${key} AS k, ${order.select} FROM ${table} AS f WHERE ${key} IS NOT NULL${where} ORDER BY ${order.orderBy} LIMIT ${pageKeys}`,
      parameters,
    );
    const last = rows.at(-1);
    if (!last) return;
    after = order.read(last);
    yield { keys: rows.map((row) => toKey(row.k)), end: after };
  }
}

/** One row for all copies of a key that hold the same bytes, `n` of them: a key may have a million copies. */
export async function readCopies(copy: CopyMapping, target: Session, keys: readonly Key[]): Promise<Row[]> {
  const columns = ['k', ...copy.set.map((_, i) => `c${i}`)];
  const inner = [copy.key, ...copy.set.map(({ column }) => column)].map(
    (name, i) => `${quoted(name)} AS ${columns[i]}`,
  );
  const where = copy.where ? ` AND (${copy.where})` : '';
  return target.rows(
    `reading ${copy.id}`,
    `SELECT ${columns.map((c) => `ANY_VALUE(${c}) AS ${c}`).join(', ')}, COUNT(*) AS n
       FROM (SELECT ${inner.join(', ')} FROM ${quoted(copy.table.database, copy.table.table)} WHERE ${quoted(copy.key)} IN (?)${where}) AS some
      GROUP BY ${columns.map((c) => `CAST(some.${c} AS BINARY)`).join(', ')}`,
    [keys],
  );
}

/** The source rows of these keys, with the columns that this copy is set from. */
export async function readSources(
  mapping: SourceMapping,
  copy: CopyMapping,
  source: Database,
  keys: readonly Key[],
  toKey: (raw: unknown) => Key,
): Promise<Map<Key, Row>> {
  const columns = copy.set.map((pair, i) => `${quoted(pair.from)} AS c${i}`).join(', ');
  const ask = (some: readonly Key[]) =>
    source.rows(
      `reading ${mapping.table.database}.${mapping.table.table}`,
      `SELECT ${quoted(mapping.key)} AS k, ${columns} FROM ${quoted(mapping.table.database, mapping.table.table)} WHERE ${quoted(mapping.key)} IN (?)`,
      [some],
    );
  const rows = (await askAmong(keys, ask)).flat();
  return new Map(rows.map((row) => [toKey(row.k), row]));
}

/** Those of the keys, none of which is a source row's, that the source's collation takes for one. */
export async function findMisspelt(
  mapping: SourceMapping,
  source: Database,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  if (typeof keys[0] !== 'string') return [];
  const { database, table } = mapping.table;
  const sql = `SELECT 1 FROM ${quoted(database, table)} WHERE ${quoted(mapping.key)} IN (?) LIMIT 1`;
  const ask = (some: readonly Key[]) => source.rows(`reading ${database}.${table}`, sql, [some]);
  const isThere = (await askAmong(keys, ask)).flat().length > 0;
  if (!isThere || keys.length === 1) return isThere ? keys : [];
  const half = Math.ceil(keys.length / 2);
  const first = await findMisspelt(mapping, source, keys.slice(0, half));
  return [...first, ...(await findMisspelt(mapping, source, keys.slice(half)))];
}
