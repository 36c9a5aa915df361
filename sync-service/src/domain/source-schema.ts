import type { SourceMapping } from '@friend-sync/connectors';
import type { Key, Value } from './change.ts';
import { COLUMN_TYPES, type ColumnKind } from './column-types.ts';

/** How a key column's values are told apart and ordered. */
export type KeyKind = 'integer' | 'unsigned' | 'string';

export interface MappedColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A source with the kinds of its columns, as the mirror's table has them. */
export interface SourceSchema {
  readonly mapping: SourceMapping;
  readonly keyKind: KeyKind;
  /** Aligned with `mapping.columns`. */
  readonly columns: readonly MappedColumn[];
}

/** A key from its text form (the store's `pending.k`, a command line). Throws a RangeError where it is no such key. */
export function parseKey(text: string, kind: KeyKind): Key {
  if (kind === 'string') return text;
  if (!/^-?\d+$/.test(text)) throw new RangeError('an integer key consists of digits');
  return BigInt(text);
}

/**
 * The one definition of how a MySQL value becomes ours, whether a SELECT or a message brought it: equal values are
 * equal afterwards, byte for byte. `undefined` where `raw` is no value of this kind, as after a change of the column's type.
 */
export function parseValue(raw: unknown, kind: ColumnKind): Value | undefined {
  return raw === null ? null : COLUMN_TYPES[kind].parse(raw);
}
