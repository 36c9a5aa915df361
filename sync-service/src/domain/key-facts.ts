import type { DeletePolicy } from '@friend-sync/connectors';
import type { Trouble } from './trouble.ts';

/** What is known of one key of a source, and of what stands between it and its copies. No value of its row. */
export interface KeyFacts {
  readonly source: string;
  /** `database.table`. */
  readonly table: string;
  readonly key: string;
  readonly onDelete: DeletePolicy['kind'];
  /** Null: the source has no such row. Undefined, here and below: it could not be told, or was of no interest. */
  readonly row: { readonly hash: string } | null | undefined;
  readonly mirror: MirrorFacts | null | undefined;
  /** Row or mirror were not the same when all else had been read. */
  readonly isChanging: boolean;
  readonly pending: PendingKey | null | undefined;
  readonly due: WaitingRead | null | undefined;
  /** Empty while the friend database does not tell. */
  readonly copies: readonly CopyFacts[];
  readonly flow: FlowFacts | undefined;
  /** Messages of it that could not be decoded. */
  readonly deadLetters: readonly { readonly partition: number; readonly offset: bigint; readonly reason: string }[];
  readonly unanswered: readonly Unanswered[];
}

export interface MirrorFacts {
  readonly hash: string;
  readonly epoch: number;
  readonly partition: number;
  readonly offset: bigint;
  readonly committedAtMs: number | null;
  readonly isDeleted: boolean;
  readonly readNumber: bigint;
  /** Mapped columns that no message has told. */
  readonly unknown: readonly string[];
  /** Mapped columns of which it says something else than the source; undefined: nobody knows what the source says. */
  readonly differing: readonly string[] | undefined;
  /** It says of the row what the source says. */
  readonly isEqual: boolean | undefined;
}

/** A key whose copies may differ from the mirror. Times are UTC. */
export interface PendingKey {
  readonly since: string;
  readonly due: string;
  readonly attempts: number;
  /** Why it is parked. */
  readonly reason: string | undefined;
  /** The key that holds the value which it wants. */
  readonly waitsFor: string | undefined;
}

/** A key whose row is to be read. */
export interface WaitingRead {
  readonly since: string;
  readonly attempts: number;
  /** It was right at the last look, and is looked at again. */
  readonly isAgain: boolean;
  /** Why the mirror does not take its row. */
  readonly refused: string | undefined;
}

/** The copies of the key in one target table; counts are undefined while nobody can tell. */
export interface CopyFacts {
  readonly copy: string;
  /** `database.table`. */
  readonly table: string;
  /** Why it is held. */
  readonly held: string | undefined;
  /** It waits for a sweep, since changes passed it over. */
  readonly isMissed: boolean;
  readonly copies: number | undefined;
  /** Not equal to the source. */
  readonly differing: number | undefined;
  /** Of a key without a row, and not what the delete policy says. */
  readonly unsettled: number | undefined;
  /** They spell the key otherwise than the source. */
  readonly misspelt: number | undefined;
  /** Not equal to the mirror, and in which columns. */
  readonly differFromMirror: number | undefined;
  readonly columns: readonly string[];
  /** Somebody else has locked so many, of the first thousand. */
  readonly locked: number | undefined;
}

/** What brings changes of the source to its copies. */
export interface FlowFacts {
  /** The state of each that runs. */
  readonly daemons: readonly string[];
  /** Of theirs those that may concern this key. */
  readonly troubles: readonly Trouble[];
  /** Of fan-out; UTC. */
  readonly pausedSince: string | undefined;
  readonly historyLost: string | undefined;
  /** Why its connector sends nothing. */
  readonly connector: string | undefined;
  /** Why the values of its stream are not used. */
  readonly distrust: readonly string[];
  /** What the mirror waits for, where it does not catch up within seconds. */
  readonly behind: string | undefined;
  /** A first load has ended. */
  readonly isLoaded: boolean;
  /** Rows of it that are gone unheard of, too many to take them as deleted. */
  readonly goneKeys: number;
}

/** A question to a server without an answer. */
export interface Unanswered {
  readonly about: string;
  readonly problem: string;
  /** The server cannot be reached. */
  readonly isAway: boolean;
}

/** `equal`: nothing to wait for. `on its way`: it becomes so by itself. `to do`: somebody must do something. */
export interface Summary {
  readonly verdict: 'equal' | 'on its way' | 'to do' | 'unreachable';
  readonly sentence: string;
}
