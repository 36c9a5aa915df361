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

/**
 * The one definition of how a MySQL value becomes ours, whether a SELECT or a message brought it: equal values are
 * equal afterwards, byte for byte. `undefined` where `raw` is no value of this kind, as after a change of the column's type.
 *
 * Integers are numbers, bigints or digits, zeros in front or not; decimals are text, without zeros in front and without
 * a sign on zero; text and bytes are what they are.
 */
export function parseValue(raw: unknown, kind: ColumnKind): Value | undefined {
  if (raw === null) return null;
  switch (kind) {
    case 'integer':
    case 'unsigned':
      return parseInteger(raw, kind);
    case 'decimal':
      return typeof raw === 'string' ? parseDecimal(raw) : undefined;
    case 'text':
      return typeof raw === 'string' ? raw : undefined;
    case 'binary':
      return raw instanceof Uint8Array ? raw : undefined;
  }
}

function parseInteger(raw: unknown, kind: 'integer' | 'unsigned'): bigint | undefined {
  const isInteger =
    typeof raw === 'bigint' || Number.isSafeInteger(raw) || (typeof raw === 'string' && /^-?\d+$/.test(raw));
  const value = isInteger ? BigInt(raw as bigint | number | string) : undefined;
  return value !== undefined && kind === 'unsigned' && value < 0n ? undefined : value;
}

function parseDecimal(text: string): string | undefined {
  const [, sign, digits] = text.match(/^(-?)0*(\d+(?:\.\d+)?)$/) ?? [];
  if (digits === undefined) return undefined;
  return /[1-9]/.test(digits) ? `${sign}${digits}` : digits;
}
