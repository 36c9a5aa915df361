import { Ambiguous, equalValues, isKnown, type Key, type Said, type Value } from './change.ts';
import type { Coalesced } from './coalesce.ts';
import { orderOf, type Position } from './position.ts';

/** What the mirror knows of one key. */
export interface MirrorRow {
  readonly key: Key;
  /** Aligned with `SourceMapping.columns`; `undefined` is unknown, which is not NULL. */
  readonly values: readonly (Value | undefined)[];
  /** Of the newest message; {@link BEFORE_ALL} where none was heard. A read does not move it. */
  readonly position: Position;
  readonly isDeleted: boolean;
  readonly committedAtMs: number | null;
  /** Number of the own read that wrote the row last; 0: none did. */
  readonly readNumber: bigint;
  /**
   * Offset, in the position's epoch, of the last message that said a column which is unknown now; -1: none did. What was
   * read before it would take that column back.
   */
  readonly knownUntil: bigint;
}

/** The position of a row that no message has told of: older than any message. Epochs begin with 1. */
export const BEFORE_ALL: Position = { epoch: 0, partition: 0, offset: -1n };

export type Decision =
  /**
   * `write`: the row to store, if the change is newer. `mark`: the key's copies may differ from the mirror now.
   * `due`: the message did not say all of the row, which is to be read at the source.
   */
  | { readonly kind: 'accept'; readonly write: MirrorRow | undefined; readonly mark: boolean; readonly due: boolean }
  /** The key came by another partition of the same epoch: there is no order any more. Nothing may be stored. */
  | { readonly kind: 'other-partition' };

/**
 * Decides, for one key, what a coalesced change does to the mirror. Pure; the caller holds the mirror row's lock.
 *
 * Only a newer position writes. A key is marked when it is new, when a value or the deleted mark differs, and when it
 * lies below `replayUntil` (a rewind repairs).
 */
export function decide(known: MirrorRow | undefined, change: Coalesced, replayUntil: bigint): Decision {
  const { newest } = change;
  const repairs = change.firstOffset < replayUntil;
  const order = known ? orderOf(newest.position, known.position) : 'newer';
  if (order === 'other-partition') return { kind: 'other-partition' };
  if (order !== 'newer') return { kind: 'accept', write: undefined, mark: repairs, due: false };
  const write = toRow(change, known);
  const mark = repairs || known === undefined || differs(write, known);
  return { kind: 'accept', write, mark, due: !newest.values.every(isKnown) };
}

/** A deleted row keeps its last values: its position must outlive it, and a late copy is still comparable. */
function toRow(change: Coalesced, known: MirrorRow | undefined): MirrorRow {
  const { key, kind, values, position, committedAtMs } = change.newest;
  const isDeleted = kind === 'delete';
  const told = values.map((said, i) => resolve(said, known?.isDeleted ? undefined : known?.values[i]));
  return {
    key,
    values: isDeleted ? (known?.values ?? []) : told,
    position,
    isDeleted,
    committedAtMs,
    readNumber: known?.readNumber ?? 0n,
    knownUntil: isDeleted ? position.offset : knownUntil(change, told, known),
  };
}

/** Of several readings the one that is known already, if it is among them. */
function resolve(said: Said, known: Value | undefined): Value | undefined {
  if (!(said instanceof Ambiguous)) return said;
  return known !== undefined && said.couldBe(known) ? known : undefined;
}

/** The newest of the messages that said one of the columns that are unknown from now on. */
function knownUntil(
  { newest: { position }, saidAt }: Coalesced,
  told: readonly (Value | undefined)[],
  known: MirrorRow | undefined,
): bigint {
  const isSameEpoch = known?.position.epoch === position.epoch;
  const before = told.map((value, i) => {
    if (value !== undefined) return -1n;
    const inGroup = saidAt[i];
    if (inGroup !== undefined) return inGroup;
    if (!known || !isSameEpoch) return -1n;
    return known.values[i] === undefined ? known.knownUntil : known.position.offset;
  });
  return before.reduce((newest, offset) => (offset > newest ? offset : newest), -1n);
}

function differs(row: MirrorRow, known: MirrorRow): boolean {
  return row.isDeleted !== known.isDeleted || row.values.some((value, i) => !equalValues(value, known.values[i]));
}
