import { isInteger } from '../../../domain/column-types.ts';
import { quoted } from '../server/database.ts';
import type { TargetColumn } from './target-column.ts';
import { primaryKeyOf, type TargetTable } from './target-table.ts';

/** Columns of a copy as a message has them: JSON with exact integers. */
export type RowFields = Readonly<Record<string, unknown>>;

/** The value as a parameter of SQL; undefined where it is none of the column's. */
function toParameter(value: unknown, { dataType, columnType }: TargetColumn): unknown {
  if (!isInteger({ dataType })) {
    if (typeof value !== 'string') return undefined;
    return dataType.endsWith('binary') ? Buffer.from(value, 'base64') : value;
  }
  if (typeof value !== 'bigint') return undefined;
  // Unsigned BIGINT travels in a signed long.
  return columnType.includes('unsigned') ? BigInt.asUintN(64, value) : value;
}

const TEXTS = new Set(['char', 'varchar', 'decimal', 'binary', 'varbinary']);

/** Whether every value of a column arrives as the server has it. Times, years and members do not, nor do rare character sets. */
function travels({ dataType, charset }: TargetColumn): boolean {
  return isInteger({ dataType }) || (TEXTS.has(dataType) && (charset === null || /^(utf8|ascii)/.test(charset)));
}

/**
 * By which columns the copy is found that a message tells of: by its primary key, if that travels; otherwise by its foreign
 * key and what travels of the primary key, which may find others beside it.
 */
export function namingColumns(target: TargetTable): TargetColumn[] {
  const { copy, columns } = target;
  const primaryKey = primaryKeyOf(target);
  const mapped = new Set(copy.set.map(({ column }) => column));
  const named = primaryKey.filter((column) => travels(column) && !mapped.has(column.name));
  const foreignKey = columns.get(copy.key);
  if (named.length === primaryKey.length || !foreignKey || named.includes(foreignKey)) return named;
  return [...named, foreignKey];
}

/** The values of these columns as parameters of SQL; undefined where the fields are no such row. */
export function toRowKey(columns: readonly TargetColumn[], fields: RowFields): unknown[] | undefined {
  const values = columns.map((column) => toParameter(fields[column.name], column));
  return values.includes(undefined) ? undefined : values;
}

/** A condition on `f` whose one parameter is {@link rowKeyList}'s. */
export function isAmong(columns: readonly TargetColumn[]): string {
  const names = columns.map(({ name }) => `f.${quoted(name)}`);
  return `${columns.length === 1 ? names[0] : `(${names.join(', ')})`} IN (?)`;
}

export function rowKeyList(rowKeys: readonly (readonly unknown[])[]): unknown[] {
  return rowKeys.map((values) => (values.length === 1 ? values[0] : values));
}
