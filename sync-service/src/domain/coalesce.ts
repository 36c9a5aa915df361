import { type Change, isKnown, type Key } from './change.ts';

/** The newest change of a key among some messages of one partition. */
export interface Coalesced {
  readonly newest: Change;
  /** Offset of the first message of the group: a rewind may have reached it alone. */
  readonly firstOffset: bigint;
  /**
   * By column, the last message of the group that said its value; a delete says every column. Undefined: none did. What
   * was read before that message must not fill the column (see `MirrorRow.knownUntil`).
   */
  readonly saidAt: readonly (bigint | undefined)[];
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
      firstOffset: earlier?.firstOffset ?? change.position.offset,
      saidAt: saidAt(change, earlier),
    });
  }
  return newest;
}

function saidAt({ kind, values, position }: Change, earlier: Coalesced | undefined): (bigint | undefined)[] {
  // A delete has no values; every message of the group that has some has the same number of them.
  const columns = kind === 'delete' ? (earlier?.saidAt ?? []) : values;
  const before = earlier?.newest.kind === 'delete' ? earlier.newest.position.offset : undefined;
  return columns.map((_, i) =>
    kind === 'delete' || isKnown(values[i]) ? position.offset : (before ?? earlier?.saidAt[i]),
  );
}
