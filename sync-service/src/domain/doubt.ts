import { Ambiguous, type Change, equalValues, type Said } from './change.ts';
import type { Position } from './position.ts';

/** A read of some key is in doubt. */
export interface Doubt {
  /** Where the mirror row of the key stands that it contradicts. */
  readonly against: Position;
  /** The offset of the read. */
  readonly readAt: bigint;
}

/**
 * A read (Debezium's op `r`) says what the row was when it was read. In its order of messages it should say the same as
 * the change before it, or changes have been lost. It may also be *stale*: Debezium (3.6) reads the first chunk of a
 * backfill in another thread than the one that follows the binary log, and a row that was read a moment before an update
 * may be sent a moment after it. Which of the two it is, one read does not tell. So it is *in doubt*: it changes
 * nothing, and the row is read again. A second read that still says so, with no change between, is the truth: to be
 * stale, too, it would have to be sent after a change that the first read did not see either.
 */
export function contradicts(
  { isRead, values }: Change,
  before: { readonly values: readonly Said[]; readonly isDeleted: boolean },
): boolean {
  if (!isRead) return false;
  if (before.isDeleted) return true;
  return values.some((value, i) => {
    const known = before.values[i];
    return (
      value !== undefined &&
      known !== undefined &&
      !(value instanceof Ambiguous) &&
      !(known instanceof Ambiguous) &&
      !equalValues(value, known)
    );
  });
}
