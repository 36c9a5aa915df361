import { equalValues, type Key, type Value } from './change.ts';
import type { Coalesced } from './coalesce.ts';
import { orderOf, type Position } from './position.ts';

/** What the mirror knows of one key. */
export interface MirrorRow {
  readonly key: Key;
  /** Aligned with `SourceMapping.columns`; `undefined` is unknown, which is not NULL. */
  readonly values: readonly (Value | undefined)[];
  readonly position: Position;
  readonly isDeleted: boolean;
  readonly committedAtMs: number | null;
}

export type Decision =
  /** `write`: the row to store, if the change is newer. `mark`: the key's copies may differ from the mirror now. */
  | { readonly kind: 'accept'; readonly write: MirrorRow | undefined; readonly mark: boolean }
  /** The key came by another partition of the same epoch: there is no order any more. Nothing may be stored. */
  | { readonly kind: 'other-partition' };

/**
 * Decides, for one key, what a coalesced change does to the mirror. Pure; the caller holds the mirror row's lock.
 *
 * Only a newer position writes. A key is marked when it is new, when a value or the deleted mark differs, when the
 * change was read by a snapshot or backfill, and when it lies below `replayUntil` (a rewind repairs).
 */
export function decide(known: MirrorRow | undefined, change: Coalesced, replayUntil: bigint): Decision {
  const { newest } = change;
  const repairs = change.isRead || change.firstOffset < replayUntil;
  if (known === undefined) return { kind: 'accept', write: toRow(newest, undefined), mark: true };

  const order = orderOf(newest.position, known.position);
  if (order === 'other-partition') return { kind: 'other-partition' };
  if (order !== 'newer') return { kind: 'accept', write: undefined, mark: repairs };

  const row = toRow(newest, known);
  return { kind: 'accept', write: row, mark: repairs || differs(row, known) };
}

/** A deleted row keeps its last values: its position must outlive it, and a late copy is still comparable. */
function toRow(
  { key, kind, values, position, committedAtMs }: Coalesced['newest'],
  known: MirrorRow | undefined,
): MirrorRow {
  const isDeleted = kind === 'delete';
  return { key, values: isDeleted ? (known?.values ?? []) : values, position, isDeleted, committedAtMs };
}

function differs(row: MirrorRow, known: MirrorRow): boolean {
  return row.isDeleted !== known.isDeleted || row.values.some((value, i) => !equalValues(value, known.values[i]));
}
