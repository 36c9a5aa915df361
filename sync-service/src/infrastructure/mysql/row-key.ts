import { quoted } from './database.ts';
import type { TargetColumn } from './target-table.ts';

/** Fields of a message key by column, as JSON with exact integers has them. */
export type KeyFields = Readonly<Record<string, unknown>>;

type Convert = (value: unknown, column: TargetColumn) => unknown;

const integer: Convert = (value, { columnType }) => {
  if (typeof value !== 'bigint') return undefined;
  // Unsigned BIGINT travels in a signed long.
  return columnType.includes('unsigned') ? BigInt.asUintN(64, value) : value;
};
const text: Convert = (value) => (typeof value === 'string' ? value : undefined);
const bytes: Convert = (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : undefined);
/** ISO 8601 in UTC, as our sessions are. */
const time: Convert = (value) =>
  typeof value === 'string' ? value.replace(/(Z|[+]00:00)$/, '').replace('T', ' ') : undefined;

const CONVERT: Readonly<Record<string, Convert>> = {
  ...Object.fromEntries(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year'].map((type) => [type, integer])),
  ...Object.fromEntries(['char', 'varchar', 'enum', 'set', 'decimal'].map((type) => [type, text])),
  ...Object.fromEntries(['binary', 'varbinary'].map((type) => [type, bytes])),
  ...Object.fromEntries(['date', 'datetime', 'timestamp', 'time'].map((type) => [type, time])),
};

/** Whether rows can be found by what a message says of their primary key. */
export function isFoundByKey(columns: readonly TargetColumn[]): boolean {
  return columns.every(({ dataType }) => dataType in CONVERT);
}

/** The values of a primary key as parameters of SQL; undefined where the fields are not such a key. */
export function toRowKey(columns: readonly TargetColumn[], fields: KeyFields): unknown[] | undefined {
  const values = columns.map((column) => CONVERT[column.dataType]?.(fields[column.name], column));
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
