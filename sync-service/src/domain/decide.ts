import { Ambiguous, type Change, equalValues, type Key, type Said, type Value } from './change.ts';
import type { Coalesced } from './coalesce.ts';
import { contradicts, type Doubt } from './doubt.ts';
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
  /**
   * `write`: the row to store, if the change is newer. `mark`: the key's copies may differ from the mirror now.
   * `inDoubt`: a read that was not believed; the source row must be read again.
   */
  | {
      readonly kind: 'accept';
      readonly write: MirrorRow | undefined;
      readonly mark: boolean;
      readonly inDoubt: Doubt | undefined;
    }
  /** The key came by another partition of the same epoch: there is no order any more. Nothing may be stored. */
  | { readonly kind: 'other-partition' };

/**
 * Decides, for one key, what a coalesced change does to the mirror. Pure; the caller holds the mirror row's lock.
 * `doubted`: the last read of the key that was in doubt, if one was.
 *
 * Only a newer position writes, and of reads only those that do not contradict the mirror, or do so for the second
 * time. A key is marked when it is new, when a value or the deleted mark differs, when the change was read by a snapshot
 * or backfill, and when it lies below `replayUntil` (a rewind repairs).
 */
export function decide(
  known: MirrorRow | undefined,
  change: Coalesced,
  replayUntil: bigint,
  doubted?: Doubt,
): Decision {
  const { newest, contradictedAt } = change;
  const repairs = change.isRead || change.firstOffset < replayUntil;
  const inDoubt = contradictedAt === undefined ? undefined : { against: newest.position, readAt: contradictedAt };
  if (known === undefined) return { kind: 'accept', write: toRow(newest, undefined), mark: true, inDoubt };

  const order = orderOf(newest.position, known.position);
  if (order === 'other-partition') return { kind: 'other-partition' };
  if (order !== 'newer') return { kind: 'accept', write: undefined, mark: repairs, inDoubt: undefined };

  if (mayBeStale(known, change) && !isSecond(newest, known, doubted)) {
    const doubt = { against: known.position, readAt: newest.position.offset };
    return { kind: 'accept', write: undefined, mark: repairs, inDoubt: doubt };
  }

  const row = toRow(newest, known);
  return { kind: 'accept', write: row, mark: repairs || differs(row, known), inDoubt };
}

/** The first read of a new epoch is what the epoch begins with: changes before it may be missing. */
export function mayBeStale(known: MirrorRow, { newest, isReadOnly }: Coalesced): boolean {
  return isReadOnly && newest.position.epoch === known.position.epoch && contradicts(newest, known);
}

/** No change has come since a read was in doubt, and this is another read, not that one once more. */
function isSecond({ position }: Change, known: MirrorRow, doubted: Doubt | undefined): boolean {
  return (
    doubted !== undefined && orderOf(known.position, doubted.against) === 'same' && position.offset > doubted.readAt
  );
}

/** A deleted row keeps its last values: its position must outlive it, and a late copy is still comparable. */
function toRow({ key, kind, values, position, committedAtMs }: Change, known: MirrorRow | undefined): MirrorRow {
  const isDeleted = kind === 'delete';
  const told = values.map((said, i) => resolve(said, known?.isDeleted ? undefined : known?.values[i]));
  return { key, values: isDeleted ? (known?.values ?? []) : told, position, isDeleted, committedAtMs };
}

/** Of several readings the one that is known already, if it is among them. */
function resolve(said: Said, known: Value | undefined): Value | undefined {
  if (!(said instanceof Ambiguous)) return said;
  return known !== undefined && said.couldBe(known) ? known : undefined;
}

function differs(row: MirrorRow, known: MirrorRow): boolean {
  return row.isDeleted !== known.isDeleted || row.values.some((value, i) => !equalValues(value, known.values[i]));
}
