import type { DeletePolicy } from '@friend-sync/connectors';
import { quoted } from '../server/database.ts';
import { unknownColumn, valueColumn } from '../state/mirror-table.ts';
import type { TargetTable } from './target-table.ts';
import { holdingOf } from './value-fit.ts';

/** SQL about one mapped column of a copy `f` whose mirror row is `p`. */
export interface ColumnEquality {
  readonly column: string;
  /** What the copy gets. */
  readonly value: string;
  /** Gives the copy what the mirror says; leaves it where that is unknown, or kept after a delete. */
  readonly assign: string;
  readonly isEqual: string;
}

/** What makes a copy equal to its mirror row, under the source's delete policy: one for each mapped column. */
export function columnEqualities({ copy, columns }: TargetTable, onDelete: DeletePolicy): ColumnEquality[] {
  return copy.set.flatMap(({ column, from }) => {
    const definition = columns.get(column);
    if (!definition) return [];
    const { given, equals } = holdingOf(definition);
    const own = `f.${quoted(column)}`;
    const value = `p.${quoted(valueColumn(from))}`;
    const isUnknown = `p.${quoted(unknownColumn(from))}`;
    if (onDelete.kind !== 'replace' || !(column in onDelete.set)) {
      const isKept = `(p.fs_deleted OR ${isUnknown})`;
      const kept = `IF(${isKept}, ${own}, ${given(value)})`;
      return { column, value: kept, assign: `${own} = ${kept}`, isEqual: `(${isKept} OR ${equals(own, value)})` };
    }
    const text = onDelete.set[column] ?? null;
    const replacement = text === null ? 'NULL' : given(literal(text));
    // By itself: a number and a text that is no constant would be compared as doubles.
    const isReplaced = text === null ? `${own} IS NULL` : equals(own, literal(text));
    const replaced = `IF(p.fs_deleted, ${replacement}, IF(${isUnknown}, ${own}, ${given(value)}))`;
    return {
      column,
      value: replaced,
      assign: `${own} = ${replaced}`,
      isEqual: `IF(p.fs_deleted, ${isReplaced}, ${isUnknown} OR ${equals(own, value)})`,
    };
  });
}

/** Of an UPDATE of copies `f` beside their mirror rows `p`: the assignments, and the condition, which begins with AND. */
export interface Update {
  readonly set: string;
  readonly where: string;
}

/** Changes these columns where a copy is not equal in them, and touches nothing that the mapping keeps from it. */
export function updateOf({ copy }: TargetTable, pairs: readonly Pick<ColumnEquality, 'assign' | 'isEqual'>[]): Update {
  const preserved = copy.preserve.map((column) => `f.${quoted(column)} = f.${quoted(column)}`);
  const condition = copy.where ? ` AND (${copy.where})` : '';
  return {
    set: [...pairs.map((p) => p.assign), ...preserved].join(', '),
    where: `${condition} AND NOT (${pairs.map((p) => p.isEqual).join(' AND ')})`,
  };
}

const literal = (text: string) => `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`;
