import type { Step as AnyStep } from './explore.ts';
import type { Bounds } from './protocol.ts';

/** One key has this many copies; a chunk is one of them. */
export const COPIES = 3;
/** The copy that the application may bring in late, and the one that it may lock while it changes another column. */
export const LATE_COPY = 1;
export const LOCKED_COPY = 0;

/** The key's row of `pending`. */
export interface Pending {
  readonly generation: number;
  /** The worker that has the token; undefined: nobody who is alive has it. */
  readonly holder: number | undefined;
  /** The copy at which the pass goes on; 0 is no cursor. */
  readonly cursor: number;
  /** 0: none. */
  readonly passGeneration: number;
  /** `since`, and `pass_since`, are not later than the barrier's moment. */
  readonly isOld: boolean;
  readonly isPassOld: boolean;
}

/** A worker between two statements that others can come between. */
export interface Worker {
  readonly at: 'idle' | 'between transactions' | 'mirror read' | 'copy locked';
  /** `group`: all copies under one claim. `chunk`: back to the queue after each. */
  readonly kind: 'group' | 'chunk';
  readonly copy: number;
  /** The generation and the value that it remembers, in the variants that use them. */
  readonly generation: number;
  readonly value: number;
  /** The first copy that it has passed over, because somebody had locked it. */
  readonly left: number | undefined;
}

export const IDLE: Worker = { at: 'idle', kind: 'group', copy: 0, generation: 0, value: 0, left: undefined };

/** An ingest transaction that has written these copies through and is not committed, or has yet to write them. */
export interface Through {
  readonly isCommitted: boolean;
  readonly copies: readonly boolean[];
}

export interface State {
  /** The version in the mirror, which is the newest that was ingested; 0: the key is not in the mirror. */
  readonly mirror: number;
  readonly through: Through | undefined;
  readonly pending: Pending | undefined;
  /** The version that each copy holds; undefined: there is no such copy yet. */
  readonly copies: readonly (number | undefined)[];
  readonly workers: readonly Worker[];
  /** The late copy: what the application does next, and the version it read. */
  readonly late: 'read' | 'write' | 'commit' | 'event' | 'done';
  readonly lateValue: number;
  readonly isLocked: boolean;
  /** The mirror's version at the barrier's moment; 0: that moment is yet to come. */
  readonly barrier: number;
}

export function initialState({ late }: Bounds): State {
  return {
    mirror: 0,
    through: undefined,
    pending: undefined,
    copies: Array.from({ length: COPIES }, (_, copy) => (copy === LATE_COPY && late === 'insert' ? undefined : 0)),
    workers: [IDLE, IDLE],
    late: late === 'never' ? 'done' : 'read',
    lateValue: 0,
    isLocked: false,
    barrier: 0,
  };
}

/** One step that a transaction, a worker or the application takes. */
export interface Step extends AnyStep<State> {
  readonly by: 'friend-sync' | 'application';
}

const WORKS = ['idle', 'between transactions', 'mirror read', 'copy locked'] as const;
const LATE = ['read', 'write', 'commit', 'event', 'done'] as const;
/** Generations, versions and copies of one key are so few. */
const MOST = 8;

/** The state as text. States that differ only in which worker is which have the same text. */
export function keyOf({
  mirror,
  through,
  pending,
  copies,
  workers,
  late,
  lateValue,
  isLocked,
  barrier,
}: State): string {
  const [a = 0, b = 0] = workers.map(codeOf);
  const [first, second] = a > b ? [b, a] : [a, b];
  // Which of two workers that do the same has the token is no difference either.
  const holder = pending?.holder === undefined ? 2 : a === b ? 0 : Math.abs(pending.holder - Number(a > b));
  const own = also(also(also(also(mirror, LATE.indexOf(late)), lateValue), barrier), Number(isLocked));
  return String.fromCharCode(
    own,
    through ? 1 + Number(through.isCommitted) + 2 * bitsOf(through.copies) : 0,
    copies.reduce<number>((code, value) => also(code, value === undefined ? 0 : 1 + value), 0),
    first / MOST ** 2,
    first % MOST ** 2,
    second / MOST ** 2,
    second % MOST ** 2,
    pending ? 1 + pendingCode(pending, holder) : 0,
  );
}

function codeOf({ at, kind, copy, generation, value, left = MOST - 1 }: Worker): number {
  if (at === 'idle') return 0;
  const does = also(WORKS.indexOf(at), Number(kind === 'chunk'));
  return also(also(also(also(does, copy), generation), value), left);
}

function pendingCode({ generation, cursor, passGeneration, isOld, isPassOld }: Pending, holder: number): number {
  return also(also(also(also(generation, holder), cursor), passGeneration), Number(isOld) + 2 * Number(isPassOld));
}

const bitsOf = (flags: readonly boolean[]) => flags.reduce((bits, flag, i) => bits + (flag ? 2 ** i : 0), 0);

/** One number for two. A text of a few characters is found several times as fast as a long one. */
function also(code: number, digit: number): number {
  if (digit < 0 || digit >= MOST) throw new RangeError(`${digit} is not below ${MOST}`);
  return code * MOST + digit;
}

/** Who has locked a copy, seen from others. */
export function isCopyLocked(state: State, copy: number, except?: number): boolean {
  return (
    (copy === LOCKED_COPY && state.isLocked) ||
    (copy === LATE_COPY && state.late === 'commit') ||
    (state.through !== undefined && !state.through.isCommitted && state.through.copies[copy] === true) ||
    state.workers.some((worker, i) => i !== except && worker.at === 'copy locked' && worker.copy === copy)
  );
}

export function withWorker(state: State, index: number, worker: Worker): State {
  return { ...state, workers: state.workers.map((other, i) => (i === index ? worker : other)) };
}

export function withCopy(state: State, copy: number, value: number | undefined): State {
  return { ...state, copies: state.copies.map((other, i) => (i === copy ? value : other)) };
}

/** `pending.mark`: an INSERT … ON DUPLICATE KEY UPDATE that touches neither token nor cursor nor pass. */
export function marked(state: State): State {
  const { pending } = state;
  return {
    ...state,
    pending: pending
      ? { ...pending, generation: pending.generation + 1 }
      : { generation: 1, holder: undefined, cursor: 0, passGeneration: 0, isOld: false, isPassOld: false },
  };
}
