import { ConnectError } from '@friend-sync/connectors';

/**
 * Every fault is classified once, at the edge that knows the library, into one of these kinds.
 * The kind decides what the service does; nothing downstream looks at error codes or messages.
 */
export type ErrorKind =
  | 'source_unavailable'
  | 'schema_unavailable'
  | 'connector_failed'
  | 'user_database_unavailable'
  | 'history_lost'
  | 'retention_near'
  | 'pipeline_stuck'
  | 'contract_broken'
  | 'message_malformed'
  | 'topic_replaced'
  | 'store_unavailable'
  | 'store_contended'
  | 'store_refused'
  | 'copy_unfit'
  | 'store_misconfigured'
  | 'daemon_outdated'
  | 'fan_out_paused'
  | 'stream_distrusted'
  | 'rows_gone'
  | 'aborted'
  | 'internal';

/**
 * `retry`: try again with back-off. `park`: this key waits, the others go on. `set aside`: this message becomes a dead
 * letter, the next one is handled. `halt`: stop reading and writing, stay
 * alive and unready, look again every five seconds. `stop`: the process is being stopped; not an error.
 */
export type Directive = 'retry' | 'park' | 'set aside' | 'halt' | 'stop';

export interface Policy {
  readonly directive: Directive;
  /** What the operator does next. */
  readonly hint: string;
}

export const POLICY: Readonly<Record<ErrorKind, Policy>> = {
  source_unavailable: { directive: 'retry', hint: 'check that the Kafka brokers are reachable' },
  schema_unavailable: { directive: 'retry', hint: 'check that the schema registry is reachable' },
  connector_failed: { directive: 'retry', hint: 'a failed one is restarted; friend-sync connectors status shows more' },
  user_database_unavailable: {
    directive: 'retry',
    hint: 'check the server that the problem names, or settings.source: the daemon asks it for rows, and whether it was set back',
  },
  history_lost: {
    directive: 'halt',
    hint: 'begin anew from what the user database holds now: friend-sync epoch new --execute',
  },
  retention_near: {
    directive: 'retry',
    hint: 'make what is behind catch up, or let the user database keep its binary logs, or Kafka the topic, for longer',
  },
  pipeline_stuck: {
    directive: 'retry',
    hint: 'look at the part that the step names; friend-sync status shows where each stands',
  },
  contract_broken: {
    directive: 'halt',
    hint: 'compare the configuration with the tables, the rights (friend-sync grants prints them) and the connector (friend-sync connectors apply)',
  },
  message_malformed: {
    directive: 'set aside',
    hint: 'friend-sync dead-letters list names it; its row is read at the source, if its key can be read',
  },
  topic_replaced: {
    directive: 'halt',
    hint: 'the change topic is another than before; begin anew with it: friend-sync epoch new <source> --execute',
  },
  store_unavailable: { directive: 'retry', hint: 'check that the friend database is reachable and writable' },
  store_contended: {
    directive: 'retry',
    hint: 'a lock or deadlock: a daemon tries again by itself, a command may be repeated',
  },
  store_refused: {
    directive: 'park',
    hint: 'the problem names what refuses the value, and why; change that, or the value at its source',
  },
  copy_unfit: {
    directive: 'halt',
    hint: 'mend the table that the problem names, or its rights (friend-sync grants prints them); everything else goes on',
  },
  store_misconfigured: {
    directive: 'halt',
    hint: 'run friend-sync migrate, and the SQL that friend-sync grants prints',
  },
  daemon_outdated: { directive: 'halt', hint: 'restart this daemon' },
  fan_out_paused: { directive: 'halt', hint: 'friend-sync resume lets it go on' },
  stream_distrusted: {
    directive: 'retry',
    hint: 'its values are not used, the rows are read at the source; friend-sync epoch new <source> --execute begins the stream anew',
  },
  rows_gone: {
    directive: 'halt',
    hint: 'look at the source; friend-sync gone <source> --execute has them count as deleted',
  },
  aborted: { directive: 'stop', hint: '' },
  internal: { directive: 'halt', hint: 'this is a bug in friend-sync; report it with the stack' },
};

/** A classified fault. Its message never holds a value of a row. */
export class SyncError extends Error {
  readonly kind: ErrorKind;
  readonly #hint: string | undefined;

  /** `hint`: what the operator does next, where more is known than the kind says. */
  constructor(
    kind: ErrorKind,
    message: string,
    { hint, ...options }: { cause?: unknown; hint?: string | undefined } = {},
  ) {
    super(message, options);
    this.name = 'SyncError';
    this.kind = kind;
    this.#hint = hint;
  }

  get policy(): Policy {
    const { directive, hint } = POLICY[this.kind];
    return { directive, hint: this.#hint ?? hint };
  }
}

/** The changes of a source can no longer be followed. */
export function historyLost(source: string, reason: string): SyncError {
  const remedy = `begin anew: friend-sync epoch new ${source} --execute`;
  return new SyncError('history_lost', `source ${source}: ${reason}; ${remedy}`);
}

/**
 * The fault as a {@link SyncError}. What Connect's client says of its own faults holds no value; what no edge has classified
 * is a bug, whose message may hold one, so only its place is kept.
 */
export function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof ConnectError)
    return new SyncError(error.isStopping ? 'aborted' : 'connector_failed', error.message, { cause: error });
  const { name, stack = '' } = error instanceof Error ? error : new Error();
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return new SyncError('internal', [name, ...frames.slice(0, 5)].join('\n'));
}

/** What cannot be missing; where it is, that is a bug, by its name. */
export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new SyncError('internal', `${what} is missing`);
  return value;
}
