import { equalValues, type Key, type Value } from './change.ts';
import { BEFORE_ALL, type MirrorRow } from './decide.ts';

/**
 * What was known of a source's place among the changes before its rows were read. What is read afterwards is at least as
 * new as every message below the water; see docs/decisions/0015.
 */
export interface Observation {
  /** Random, and stored: a friend database that is restored to before the observation has lost it. */
  readonly token: bigint;
  readonly epoch: number;
  /** By partition: the highest offset that was ever the next to be read in this epoch. A rewind does not lower it. */
  readonly water: ReadonlyMap<number, bigint>;
  /** Number of the last own read that was written. */
  readonly readNumber: bigint;
  /** GTID set that a server must have executed before its rows may be compared. */
  readonly required: string;
}

/** A row as its source has it; `values` undefined: there is none. */
export interface ReadRow {
  readonly key: Key;
  /** Aligned with `SourceMapping.columns`. */
  readonly values: readonly Value[] | undefined;
}

/** Nothing has told of the row since the observation: what was read then is not older than what the mirror holds. */
export function isBelow(row: MirrorRow | undefined, { epoch, water, readNumber }: Observation): boolean {
  if (!row) return true;
  const { position } = row;
  const isHeardBefore =
    position.epoch < epoch || (position.epoch === epoch && position.offset < (water.get(position.partition) ?? 0n));
  return isHeardBefore && row.readNumber <= readNumber;
}

/** The mirror says of the row what its source says. */
export function agrees({ values }: ReadRow, row: MirrorRow | undefined): boolean {
  if (!values) return row?.isDeleted ?? true;
  return row !== undefined && !row.isDeleted && values.every((value, i) => equalValues(value, row.values[i]));
}

export type Written =
  /** The whole row: its position stays. */
  | { readonly kind: 'row'; readonly row: MirrorRow }
  /** It has moved, so only what no message has said since the observation is filled. It is to be read again. */
  | { readonly kind: 'filled'; readonly row: MirrorRow }
  | { readonly kind: 'equal' }
  | { readonly kind: 'moved' };

/**
 * Decides what a row that was read does to the mirror. Pure; the caller holds the mirror row's lock and has passed the
 * barrier: everything that the source had committed when it was read has been ingested, or will never be heard.
 * `readNumber`: that of the read which is being written.
 */
export function settle(
  read: ReadRow,
  known: MirrorRow | undefined,
  observed: Observation,
  readNumber: bigint,
): Written {
  if (known && !isBelow(known, observed)) return fill(read, known, observed, readNumber);
  if (known && agrees(read, known)) return { kind: 'equal' };
  const { key, values } = read;
  const before = known ?? {
    key,
    values: [],
    position: BEFORE_ALL,
    isDeleted: true,
    committedAtMs: null,
    knownUntil: -1n,
  };
  if (!values) return { kind: 'row', row: { ...before, isDeleted: true, readNumber } };
  return { kind: 'row', row: { ...before, values, isDeleted: false, readNumber, knownUntil: -1n } };
}

/** A row that changes ten times a second never lies below the water; its unknown columns need not wait. */
function fill({ values }: ReadRow, known: MirrorRow, observed: Observation, readNumber: bigint): Written {
  const { position } = known;
  const isUnsaid =
    position.epoch === observed.epoch &&
    known.knownUntil < (observed.water.get(position.partition) ?? 0n) &&
    known.readNumber <= observed.readNumber;
  if (!values || known.isDeleted || !isUnsaid || !known.values.includes(undefined)) return { kind: 'moved' };
  const filled = known.values.map((value, i) => (value === undefined ? values[i] : value));
  return { kind: 'filled', row: { ...known, values: filled, readNumber } };
}
