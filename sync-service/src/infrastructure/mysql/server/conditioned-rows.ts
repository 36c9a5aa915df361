import type { Key } from '../../../domain/change.ts';
import { parseKey, type SourceSchema } from '../../../domain/source-schema.ts';
import { SyncError } from '../../../errors.ts';
import { type Database, quoted } from './database.ts';
import { toConditionFault } from './fault.ts';
import { KeyOrder } from './key-order.ts';
import { readTableShape } from './table-shape.ts';

/** Among so many rows behind a place the keys of those that meet the condition, and the place behind them; undefined: no more follow. */
export type ConditionedPage = (
  after: readonly string[],
  rows: number,
) => Promise<{ readonly keys: readonly Key[]; readonly end: readonly string[] | undefined }>;

/**
 * Reads which rows of a source meet a condition, by its primary key, so that no statement takes longer where few do. Throws
 * `contract_broken` where it does not parse, or names what is not there or not ours to read.
 */
export async function openConditionedRows(
  source: Database,
  { mapping, keyKind }: SourceSchema,
  condition: string,
): Promise<ConditionedPage> {
  const { database, table } = mapping.table;
  const shape = await readTableShape(source, mapping.table);
  const column = shape?.columns.find(({ name }) => name === mapping.key);
  if (!shape || !column)
    throw new SyncError('contract_broken', `${database}.${table}.${mapping.key}: no such column, or no right on it`);
  const readable = shape.columns.filter(({ isReadable }) => isReadable).map(({ name }) => name);
  const order = new KeyOrder([column]);
  const from = `FROM ${quoted(database, table)} AS f FORCE INDEX (PRIMARY) WHERE`;
  const ask = (doing: string, sql: string, parameters: readonly unknown[]) =>
    source.rows(`${doing} ${database}.${table}`, sql, parameters).catch((error) => {
      throw toConditionFault(error, readable);
    });
  // In brackets and without: what ends them itself would be another statement's condition.
  for (const one of [`(\n${condition}\n)`, condition])
    await ask('checking the condition over', 'PREPARE friend_sync_condition FROM ?', [`SELECT 1 ${from} ${one}`]);
  return async (after, rows) => {
    const { where, parameters } = order.within({ after });
    const sql = `SELECT ${order.select} ${from} TRUE${where} ORDER BY ${order.orderBy} LIMIT 1 OFFSET ?`;
    const [last] = await ask('finding the end of a page of', sql, [...parameters, rows - 1]);
    const end = last && order.read(last);
    const range = order.within({ after, upTo: end });
    // The condition stands last: a question mark in it is no parameter.
    const select = `SELECT f.${quoted(mapping.key)} AS k ${from} TRUE${range.where} AND (\n${condition}\n)`;
    const found = await ask('asking for keys of', select, range.parameters);
    return { keys: found.map((row) => parseKey(String(row.k), keyKind)), end };
  };
}
