import type { Change, Key } from './change.ts';
import { contradicts } from './doubt.ts';

/** The newest change of a key among some messages of one partition, reads that are in doubt excepted. */
export interface Coalesced {
  readonly newest: Change;
  /** The offset of a later read that contradicts it. */
  readonly contradictedAt: bigint | undefined;
  /** Some message of the group was a read: the key is to be made equal again even if nothing changed. */
  readonly isRead: boolean;
  /** Every message of the group was a read, so that only the mirror can tell whether it is in doubt. */
  readonly isReadOnly: boolean;
  /** Offset of the first message of the group: a rewind may have reached it alone. */
  readonly firstOffset: bigint;
}

/**
 * Keeps, per key, the change with the highest offset; of a read that contradicts the change before it, only that the key
 * is in doubt (see {@link contradicts}). The input must come from one topic-partition, in offset order:
 * across partitions there is no order to coalesce by.
 */
export function coalesce(changes: readonly Change[]): Map<Key, Coalesced> {
  const newest = new Map<Key, Coalesced>();
  for (const change of changes) {
    const earlier = newest.get(change.key);
    const isInDoubt = earlier !== undefined && isFirstToContradict(change, earlier);
    newest.set(change.key, {
      newest: isInDoubt ? earlier.newest : change,
      contradictedAt: isInDoubt ? change.position.offset : undefined,
      isRead: change.isRead || (earlier?.isRead ?? false),
      isReadOnly: change.isRead && (earlier?.isReadOnly ?? true),
      firstOffset: earlier?.firstOffset ?? change.position.offset,
    });
  }
  return newest;
}

/** The second one in a row is believed. Reads alone are for the mirror to judge: the later one is never the older. */
function isFirstToContradict(change: Change, { newest, isReadOnly, contradictedAt }: Coalesced): boolean {
  const before = { values: newest.values, isDeleted: newest.kind === 'delete' };
  return !isReadOnly && contradictedAt === undefined && contradicts(change, before);
}
