/** The rules of ingest and fan-out that can be got wrong; each field has our rule and known wrong ones. */
export interface Protocol {
  /** Where a fan-out takes the value from that it writes. */
  readonly read: 'mirror under a share lock' | 'snapshot' | 'memory of the claim';
  /** What a fan-out does at a copy that somebody else has locked. */
  readonly lockedCopy: 'wait' | 'skip';
  /** Where the pass of a key goes on of which a group has left a locked copy: there, with the others written meanwhile. */
  readonly left: 'at the copy' | 'nowhere';
  /** What `pending.complete` compares before it deletes the row; the generation as the row has it, or as the worker claimed it. */
  readonly complete: 'token and generation' | 'generation' | 'claimed generation' | 'token';
  /** The generation that the completion must find: as the pass began (kept in the row), or as the last claim found it. */
  readonly generationOf: 'pass' | 'claim';
  /** What `pending.leaveAt` compares before it stores the cursor. */
  readonly pause: 'token' | 'generation' | 'nothing';
  /** From when on marks are unsettled after a pass that was overtaken (`pending.since`). */
  readonly since: 'pass' | 'claim';
  readonly firstInsertion: 'marked' | 'not marked';
  readonly lateCopy: 'marked' | 'not marked';
  /** How ingest writes few copies through. */
  readonly through:
    | 'in the transaction'
    | 'after the commit'
    /** Of a key that is not in the mirror yet, too, so that the join with the mirror finds no copy. */
    | 'copies not found'
    | 'locked copies skipped'
    | 'pending row deleted';
}

/** As the code does it. */
export const OURS: Protocol = {
  read: 'mirror under a share lock',
  lockedCopy: 'wait',
  left: 'at the copy',
  complete: 'token and generation',
  generationOf: 'pass',
  pause: 'token',
  since: 'pass',
  firstInsertion: 'marked',
  lateCopy: 'marked',
  through: 'in the transaction',
};

/** What may happen in a run, and how far it goes. */
export interface Bounds {
  /** Versions of the one key that the source commits. */
  readonly versions: number;
  /** The application brings in copy 1 with a value that it read earlier: by INSERT, or by UPDATE of a row it had hidden. */
  readonly late: 'never' | 'insert' | 're-add';
  /** Somebody waits until all that was ingested at some moment has been applied. Late copies are not the barrier's. */
  readonly barrier: boolean;
}
