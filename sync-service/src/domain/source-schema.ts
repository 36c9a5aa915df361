import type { SourceMapping } from '@friend-sync/connectors';
import type { Key, Value } from './change.ts';

/** How a key column's values are told apart and ordered. */
export type KeyKind = 'integer' | 'unsigned' | 'string';

/** How a mapped column's values travel: integers as bigint, text and decimals as string, binary as bytes. */
export type ColumnKind = 'integer' | 'unsigned' | 'text' | 'decimal' | 'binary';

/** A source with the kinds of its columns, as the mirror's table has them. */
export interface SourceSchema {
  readonly mapping: SourceMapping;
  readonly keyKind: KeyKind;
  /** Aligned with `mapping.columns`. */
  readonly columnKinds: readonly ColumnKind[];
}

/** A key from its text form (the store's `pending.k`, a command line). Throws a RangeError where it is no such key. */
export function parseKey(text: string, kind: KeyKind): Key {
  if (kind === 'string') return text;
  if (!/^-?\d+$/.test(text)) throw new RangeError('an integer key consists of digits');
  return BigInt(text);
}

/** A value as mysql2 returns it (with big numbers as strings), in the domain's form. */
export function parseValue(raw: unknown, kind: ColumnKind): Value {
  if (raw === null) return null;
  if (kind === 'integer' || kind === 'unsigned') return BigInt(raw as string | number);
  if (kind === 'binary') return raw as Uint8Array;
  return String(raw);
}
