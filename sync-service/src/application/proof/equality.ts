import type { CopyMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { kindOf } from '../../domain/column-types.ts';
import { parseValue } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { TargetColumn } from '../../infrastructure/mysql/copies/target-column.ts';
import { holdingOf, misfit } from '../../infrastructure/mysql/copies/value-fit.ts';

/** How the values of one mapped column of a copy are compared. */
export interface ColumnEquality {
  /** Whether a column of a copy holds what a column of its source row does. */
  readonly isEqual: (copied: unknown, wanted: unknown) => boolean;
  /** Whether it holds what the delete policy says. */
  readonly isReplaced: (copied: unknown, replacement: string | null) => boolean;
}

/** How keys are read, and whether a mirror whose keys have this type could have one. */
export function keysOfType(type: string) {
  const isInteger = type.startsWith('bigint');
  const wrapped = type.includes('unsigned') ? BigInt.asUintN : BigInt.asIntN;
  const longest = Number(type.match(/\((\d+)\)/)?.[1] ?? 0);
  return {
    // As bigint, integers reach MySQL as numbers; as strings they would be compared as doubles, and ZEROFILL pads them.
    toKey: (raw: unknown): Key => (isInteger ? BigInt(raw as string) : String(raw)),
    mayBe: (key: Key) => (typeof key === 'bigint' ? wrapped(64, key) === key : [...key].length <= longest),
  };
}

/** The fan-out's own equality of each mapped column, of values that were read. */
export function equalitiesOf(
  columns: ReadonlyMap<string, TargetColumn>,
  copy: CopyMapping,
  types: ReadonlyMap<string, string>,
): ColumnEquality[] {
  return copy.set.map(({ column, from }) => {
    const [definition, type] = [columns.get(column), types.get(from)];
    const kind = type && kindOf(type);
    const problem = definition && kind ? misfit(definition, type) : 'no such column; correct the mapping';
    if (!definition || !kind || problem) throw new SyncError('store_misconfigured', `${copy.id}.${column}: ${problem}`);
    const { plain } = holdingOf(definition);
    const areEqual = (copied: unknown, wanted: unknown) =>
      copied === null || wanted === null ? copied === wanted : plain(copied) === plain(wanted);
    return {
      isEqual: (copied, wanted) => areEqual(copied, wanted === null ? null : parseValue(wanted, kind)),
      isReplaced: (copied, text) =>
        areEqual(copied, text !== null && copied instanceof Uint8Array ? Buffer.from(text) : text),
    };
  });
}
