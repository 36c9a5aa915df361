/** What one look at a row does, in this order; then it settles what it has found. */
export type LookStep =
  /** Notes what is known of the row's place among the changes. */
  | 'observe'
  /** Takes up the key's due mark, if it has one. */
  | 'take the mark'
  | 'read'
  /** Waits until all is ingested that the source had committed at a moment. */
  | 'barrier';

/** The rule by which a row that was read goes into the mirror; each field has ours and known wrong ones. */
export interface Rule {
  readonly steps: readonly LookStep[];
  /** Where the mirror row must be when it is written. */
  readonly compare:
    | 'below the high water'
    /** Too low after a rewind, which is safe. */
    | 'below what is consumed'
    | 'where it was observed'
    | 'anywhere';
  /** Whether another look may have written the row since the observation. */
  readonly readNumber: 'compared' | 'ignored';
  /** Whether an offset counts in its epoch alone. */
  readonly epoch: 'compared' | 'ignored';
  /** What a server must have executed for its rows to count. */
  readonly required: 'stored and newest heard' | 'stored' | 'consumed' | 'nothing';
  /** Whose transactions the barrier waits for. */
  readonly barrierOf: 'server read and server asked' | 'server asked';
  /** `consumed` is read again in the writing transaction. */
  readonly consumed: 'checked again' | 'trusted';
  /** A random token, stored at the observation, is still there when the look writes. */
  readonly token: 'checked' | 'none';
  readonly missingRow: 'inserted' | 'left to the stream';
  /** What a due mark must be for a look to clear it that finds the row right, or makes it so. */
  readonly clears:
    | 'the mark taken, of a row below the water'
    | 'any mark, of a row below the water'
    | 'the mark taken'
    | 'the generation taken'
    | 'any mark';
  /** When a row that looks as the mirror's is compared, whose mark is cleared. */
  readonly equal: 'in the transaction that clears' | 'before it';
  /** A message of which only the key can be read. */
  readonly keyAlone: 'moves the position' | 'is skipped';
  /** Which unknown values of a row that has moved are filled. */
  readonly fills: 'what nothing has said since' | 'all';
  /** How far back a rewind may go. */
  readonly floor: 'the beginning of the epoch' | 'the beginning of the topic';
}

/** As the code does it. */
export const OURS: Rule = {
  steps: ['observe', 'take the mark', 'read', 'barrier'],
  compare: 'below the high water',
  readNumber: 'compared',
  epoch: 'compared',
  required: 'stored and newest heard',
  barrierOf: 'server read and server asked',
  consumed: 'checked again',
  token: 'checked',
  missingRow: 'inserted',
  clears: 'the mark taken, of a row below the water',
  equal: 'in the transaction that clears',
  keyAlone: 'moves the position',
  fills: 'what nothing has said since',
  floor: 'the beginning of the epoch',
};

/** What the connector and the decoder make of a version. */
export type Fate =
  | 'right'
  /** Looks like the version before. */
  | 'wrong'
  /** There is no message. */
  | 'lost'
  /** The value is not in it. */
  | 'unknown'
  /** The value is the one that the mirror has, or another. */
  | 'ambiguous'
  /** Only the key can be read, this time; not even the transaction is told. */
  | 'undecodable'
  /** Only the key counts, this time, because the stream has lost the trust. */
  | 'distrusted';

/** What may happen in a run, and how far it goes. */
export interface Bounds {
  /** Versions of the one row that the source commits. */
  readonly versions: number;
  readonly looks: number;
  /** So often a message is not right; and what it is then. */
  readonly faults: number;
  readonly fates: readonly Fate[];
  readonly rewinds: number;
  /** The friend database is set back to a backup. */
  readonly restores: number;
  /** Two: the other one may lag, serve any read, and be asked by any barrier. */
  readonly servers: 1 | 2;
  /** So often somebody says `epoch new`; the topic goes on, or is a new one with offsets from the start. */
  readonly epochs: number;
  readonly topic: 'goes on' | 'is new';
  /** So often the row is deleted. */
  readonly deletes: number;
  /** So often somebody asks for the row to be read. */
  readonly asks: number;
  /** Another look may go on from an observation that one was made with. */
  readonly isShared: boolean;
}
