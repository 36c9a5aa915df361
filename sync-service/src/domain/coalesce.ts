import type { Change, Key } from './change.ts';

/** The newest change of a key among some messages of one partition. */
export interface Coalesced {
  readonly newest: Change;
  /** Some message of the group was a read: the key is to be made equal again even if nothing changed. */
  readonly isRead: boolean;
  /** Offset of the first message of the group: a rewind may have reached it alone. */
  readonly firstOffset: bigint;
}

/**
 * Keeps, per key, the change with the highest offset. The input must come from one topic-partition, in offset order:
 * across partitions there is no order to coalesce by.
 */
export function coalesce(changes: readonly Change[]): Map<Key, Coalesced> {
  const newest = new Map<Key, Coalesced>();
  for (const change of changes) {
    const earlier = newest.get(change.key);
    newest.set(change.key, {
      newest: change,
      isRead: change.isRead || (earlier?.isRead ?? false),
      firstOffset: earlier?.firstOffset ?? change.position.offset,
    });
  }
  return newest;
}
