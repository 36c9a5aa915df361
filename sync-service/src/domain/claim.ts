import type { Key } from './change.ts';

/** What a pass has met on its way, and must not have forgotten when it ends. */
export interface Met {
  /** Why a target has refused the key. */
  readonly refused?: string | undefined;
  /** A target as a whole could not be written. */
  readonly isUnfit?: boolean | undefined;
}

/** Where the pass of a key goes on: in which copy mapping, after which primary key. */
export interface Cursor extends Met {
  readonly copy: string;
  /** Primary-key values in the key's column order, as text; empty: at the copy mapping's first row. */
  readonly after: readonly string[];
  /** Somebody else had locked copies here. */
  readonly isLocked?: boolean | undefined;
}

export interface ClaimedKey {
  readonly key: Key;
  readonly cursor: Cursor | undefined;
}

/** Keys that one worker holds, until its lease ends. */
export interface Claim {
  readonly source: string;
  /** Random 63 bits. Whoever finds another token in `pending` has lost the key. */
  readonly token: bigint;
  readonly keys: readonly ClaimedKey[];
}
