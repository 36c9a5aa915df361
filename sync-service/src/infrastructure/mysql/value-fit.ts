import type { TargetColumn } from './target-table.ts';

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const BINARIES = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];

/**
 * Whether MySQL stores each value of a mirror column's type in this column as it is, or refuses it. What it would
 * round or rewrite without an error makes a copy that is never equal.
 */
export function holdsUnchanged({ dataType, columnType }: TargetColumn, mirrorType: string): boolean {
  if (mirrorType.startsWith('varbinary') || mirrorType.endsWith('blob')) return BINARIES.includes(dataType);
  if (TEXTS.includes(dataType)) return true;
  if (mirrorType.startsWith('bigint')) return dataType === 'decimal' || INTEGERS.includes(dataType);
  if (mirrorType.startsWith('decimal')) return dataType === 'decimal' && scaleOf(columnType) >= scaleOf(mirrorType);
  return dataType === 'enum' || dataType === 'set';
}

/** Digits behind the point of `decimal(10,2)`. */
export function scaleOf(type: string): number {
  return Number(type.match(/,\s*(\d+)\)/)?.[1] ?? 0);
}
