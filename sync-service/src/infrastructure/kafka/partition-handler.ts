export interface MessageBatch {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the batch continues from: what must be stored as next offset before it. */
  readonly expectedOffset: bigint;
  /** In offset order; holes are compacted or control records. Empty if there is nothing else. */
  readonly messages: readonly Message[];
  /** What to store as next offset after these messages; counts trailing control records. */
  readonly nextOffset: bigint;
  /** Newest record timestamp up to there, control records included. */
  readonly maxTimestampMs: number;
  /** How many more the partition had when they were fetched. */
  readonly waiting: number;
}

export interface Message {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: MessageHeaders;
}

/** As kafkajs gives and takes them; one that occurs more than once is a list. */
export type MessageHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;

/** `moved`: the stored next offset was another one, nothing was stored; reading goes on from there. */
export type Stored = { readonly kind: 'stored' } | { readonly kind: 'moved'; readonly nextOffset: bigint };

/**
 * Keeps this member in the group while a handler works or waits; to be called at least every few seconds. It throws
 * SyncError `aborted` once the work is pointless (stopping, another position, another assignment) or what kafkajs
 * throws when the group rebalances; either is to be passed on untouched.
 */
export type Alive = () => Promise<void>;

/** Where changes go. Calls for one partition never overlap, and one that waits holds up no other partition. */
export interface PartitionHandler {
  /**
   * Called once for each partition of an assignment, before anything of it is read; returns the offset to read from,
   * which the database knows. It checks that the log is the one it knows and holds that offset. May take long.
   */
  assigned(topic: string, partition: number, alive: Alive): Promise<bigint>;
  /** Stores the batch in one transaction. Retries and halts inside; throws only what `alive` threw or `aborted`. */
  store(batch: MessageBatch, alive: Alive): Promise<Stored>;
}

export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly expectedOffset: bigint;
}
