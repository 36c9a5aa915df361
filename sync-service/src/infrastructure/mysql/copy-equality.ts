import type { DeletePolicy } from '@friend-sync/connectors';
import { quoted } from './database.ts';
import { unknownColumn, valueColumn } from './mirror-table.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

/** Text that compares by its bytes, whatever the target's character set. */
export const EXACT = 'COLLATE utf8mb4_0900_bin';

/** SQL about one mapped column of a copy `f` whose mirror row is `p`. */
export interface ColumnEquality {
  /** Gives the copy what the mirror says; leaves it where that is unknown, or kept after a delete. */
  readonly assign: string;
  readonly isEqual: string;
}

/** What makes a copy equal to its mirror row, under the source's delete policy: one for each mapped column. */
export function columnEqualities({ copy, columns }: TargetTable, onDelete: DeletePolicy): ColumnEquality[] {
  return copy.set.map(({ column, from }) => {
    const replacement =
      onDelete.kind === 'replace' && column in onDelete.set ? literal(onDelete.set[column] ?? null) : undefined;
    const value = `p.${quoted(valueColumn(from))}`;
    const isKept =
      replacement === undefined
        ? `(p.fs_deleted OR p.${quoted(unknownColumn(from))})`
        : `(NOT p.fs_deleted AND p.${quoted(unknownColumn(from))})`;
    const wanted = replacement === undefined ? value : `IF(p.fs_deleted, ${replacement}, ${value})`;
    const definition = columns.get(column);
    const isText = definition?.charset != null;
    const own = `f.${quoted(column)}`;
    return {
      assign: `${own} = IF(${isKept}, ${own}, ${uncut(wanted, definition)})`,
      isEqual: `(${isKept} OR ${own} <=> ${wanted}${isText ? ` ${EXACT}` : ''})`,
    };
  });
}

/**
 * MySQL cuts spaces at the end that do not fit and says nothing, in strict mode too. Such a value is refused whatever the
 * column's width has become since: as a number it is none. All others the server itself stores whole, or refuses.
 */
function uncut(value: string, definition: TargetColumn | undefined): string {
  const { dataType = '', maxLength } = definition ?? {};
  const length = dataType === 'varchar' ? 'CHAR_LENGTH' : dataType.endsWith('text') ? 'LENGTH' : undefined;
  if (!length) return value;
  return `IF(${length}(${value}) > ${maxLength} AND RIGHT(${value}, 1) = ' ', CAST(CONCAT('.', ${value}) AS SIGNED), ${value})`;
}

function literal(value: string | null): string {
  return value === null ? 'NULL' : `_utf8mb4 X'${Buffer.from(value).toString('hex')}'`;
}
