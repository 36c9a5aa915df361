import type { Position } from './position.ts';

/** A source row's key. Integers are always bigint: a `number` beyond 2^53 would name another row. */
export type Key = bigint | string;

/** A mapped column's value. `undefined`, where it is allowed, means unknown, which is not NULL. */
export type Value = string | bigint | number | Uint8Array | null;

/**
 * What a message says of a mapped column that has two readings: NULL and the column's default may arrive as the same, so
 * may all numbers but zero. The row itself tells which it is.
 */
export class Ambiguous {
  /** Whether the column may hold this value, by what the message says. */
  readonly couldBe: (value: Value) => boolean;

  constructor(couldBe: (value: Value) => boolean) {
    this.couldBe = couldBe;
  }
}

/** What a message says of a mapped column; `undefined`: nothing. */
export type Said = Value | Ambiguous | undefined;

/** What one message says about one source row, at one position. */
export interface Change {
  /** Name of the source in the mapping. */
  readonly source: string;
  readonly key: Key;
  /**
   * `row`: the row exists with these values; `delete`: it is gone. `told gone`: a stream that is not trusted says so; the
   * read that follows decides.
   */
  readonly kind: 'row' | 'delete' | 'told gone';
  /** Aligned with `SourceMapping.columns`; `undefined` where the message does not carry the column. Empty for a delete. */
  readonly values: readonly Said[];
  readonly position: Position;
  /** The transaction that wrote it; null where the message does not say. Never for order. */
  readonly gtid: string | null;
  /** When the source committed it, in ms since 1970; for latency only, never for order. Null where unknown. */
  readonly committedAtMs: number | null;
}

/** The message says which value it is. */
export function isKnown(said: Said): said is Value {
  return said !== undefined && !(said instanceof Ambiguous);
}

/** Sorts keys as MySQL does (numbers by value, strings as utf8mb4_0900_bin: by bytes), so that locks are taken in one order. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

/** Equal to the byte: no collation, no folding, no padding. */
export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}
