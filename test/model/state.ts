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
  const [a = '', b = ''] = workers.map(({ at, kind, copy, generation, value, left }) =>
    at === 'idle' ? '' : `${at[0]}${kind[0]}${copy}${generation}${value}${left ?? ''}`,
  );
  const isSwapped = a > b;
  // Which of two workers that do the same has the token is no difference either.
  const holder = pending?.holder === undefined ? '' : a === b ? 0 : Math.abs(pending.holder - Number(isSwapped));
  const p = pending
    ? `${pending.generation},${holder},${pending.cursor},${pending.passGeneration},${+pending.isOld}${+pending.isPassOld}`
    : '';
  const t = through ? `${+through.isCommitted}${through.copies.map(Number).join('')}` : '';
  return `${mirror}|${t}|${p}|${copies.map((value) => value ?? '-').join('')}|${isSwapped ? `${b},${a}` : `${a},${b}`}|${late}${lateValue}${+isLocked}${barrier}`;
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
