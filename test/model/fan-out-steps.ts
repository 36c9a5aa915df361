import type { Protocol } from './protocol.ts';
import {
  COPIES,
  IDLE,
  isCopyLocked,
  type Pending,
  type State,
  type Step,
  type Worker,
  withCopy,
  withWorker,
} from './state.ts';

const LAST = COPIES - 1;

/** What worker `me` may do next. A lease may end at any moment, so whatever is pending can be claimed at any moment. */
export function* fanOutSteps(state: State, me: number, protocol: Protocol): Generator<Step> {
  const worker = state.workers[me] ?? IDLE;
  const step = (label: string, next: State): Step => ({
    label: `${'AB'[me]} ${label}`,
    by: 'friend-sync',
    state: next,
  });

  if (worker.at === 'idle') {
    if (!state.pending) return;
    for (const kind of state.pending.cursor === 0 ? (['group', 'chunk'] as const) : (['chunk'] as const))
      yield step(`claims at copy ${state.pending.cursor} (${kind})`, claim(state, state.pending, me, kind, protocol));
    return;
  }
  yield step('is killed, or releases the key', giveUp(state, me));
  if (worker.at === 'between transactions') {
    yield step('parks the key', parkKey(state, me));
    if (worker.kind === 'group' && isCopyLocked(state, worker.copy, me))
      yield step(
        `leaves copy ${worker.copy}`,
        endChunk(state, state, me, { ...worker, left: worker.left ?? worker.copy }, protocol),
      );
    if (!isMirrorLocked(state, protocol)) yield step(`reads v${state.mirror}`, readMirror(state, me, worker, protocol));
    if (!isCopyLocked(state, worker.copy, me))
      yield step(`locks copy ${worker.copy} first`, withWorker(state, me, { ...worker, at: 'copy locked' }));
  } else if (worker.at === 'copy locked') {
    if (!isMirrorLocked(state, protocol))
      yield step(
        `reads v${state.mirror}, writes copy ${worker.copy}`,
        write(readMirror(state, me, worker, protocol), me, protocol),
      );
  } else if (!isCopyLocked(state, worker.copy, me)) {
    yield step(`writes copy ${worker.copy}`, write(state, me, protocol));
  } else {
    yield step(
      'ends its wait for a lock',
      withWorker(state, me, { ...worker, at: 'between transactions', value: kept(worker, protocol) }),
    );
    if (protocol.lockedCopy === 'skip')
      yield step(`skips copy ${worker.copy}`, endChunk(state, state, me, worker, protocol));
  }
}

/** An open ingest holds the mirror row's lock; only a share lock waits for it. */
function isMirrorLocked({ through }: State, { read }: Protocol): boolean {
  return read === 'mirror under a share lock' && through?.isCommitted === false;
}

const kept = (worker: Worker, { read }: Protocol) => (read === 'memory of the claim' ? worker.value : 0);

function claim(state: State, pending: Pending, me: number, kind: Worker['kind'], protocol: Protocol): State {
  const isNew = pending.cursor === 0;
  const passGeneration = isNew || protocol.generationOf === 'claim' ? pending.generation : pending.passGeneration;
  const remembers = protocol.complete === 'claimed generation' || protocol.pause === 'generation';
  return withWorker(
    {
      ...state,
      pending: {
        ...pending,
        holder: me,
        passGeneration,
        isPassOld: isNew || protocol.since === 'claim' ? false : pending.isPassOld,
      },
    },
    me,
    {
      at: 'between transactions',
      kind,
      copy: pending.cursor,
      generation: remembers ? passGeneration : 0,
      value: protocol.read === 'memory of the claim' ? state.mirror : 0,
      left: undefined,
    },
  );
}

/** With a share lock the value cannot change before it is written, so the worker need not remember it. */
function readMirror(state: State, me: number, worker: Worker, { read }: Protocol): State {
  return withWorker(state, me, {
    ...worker,
    at: 'mirror read',
    value: read === 'snapshot' ? state.mirror : worker.value,
  });
}

function write(state: State, me: number, protocol: Protocol): State {
  const worker = state.workers[me] ?? IDLE;
  const value = protocol.read === 'mirror under a share lock' ? state.mirror : worker.value;
  const written = state.copies[worker.copy] === undefined ? state : withCopy(state, worker.copy, value);
  return endChunk(state, written, me, worker, protocol);
}

/** The end of the transaction that wrote a copy: the pass goes on, pauses, or is completed. */
function endChunk(before: State, written: State, me: number, worker: Worker, protocol: Protocol): State {
  const { pending } = written;
  if (worker.copy === LAST && worker.left !== undefined && protocol.left === 'at the copy') {
    const isMine = pending?.holder === me;
    const gone = isMine ? { ...written, pending: { ...pending, cursor: worker.left, holder: undefined } } : written;
    return withWorker(gone, me, IDLE);
  }
  if (worker.copy === LAST)
    return withWorker({ ...written, pending: complete(pending, me, worker, protocol) }, me, IDLE);
  const next = worker.copy + 1;
  if (worker.kind === 'group') {
    return withWorker(written, me, {
      ...worker,
      at: 'between transactions',
      copy: next,
      value: kept(worker, protocol),
    });
  }
  const isAllowed =
    pending !== undefined &&
    { token: pending.holder === me, generation: pending.generation === worker.generation, nothing: true }[
      protocol.pause
    ];
  // The claim was lost: the transaction is rolled back.
  if (!isAllowed) return withWorker(before, me, IDLE);
  return withWorker({ ...written, pending: { ...pending, cursor: next, holder: undefined } }, me, IDLE);
}

function complete(pending: Pending | undefined, me: number, worker: Worker, protocol: Protocol): Pending | undefined {
  if (!pending) return undefined;
  const isMine = pending.holder === me;
  const isDone = {
    'token and generation': isMine && pending.generation === pending.passGeneration,
    token: isMine,
    generation: pending.generation === pending.passGeneration,
    'claimed generation': pending.generation === worker.generation,
  }[protocol.complete];
  if (isDone) return undefined;
  return isMine
    ? { ...pending, holder: undefined, cursor: 0, passGeneration: 0, isOld: pending.isPassOld, isPassOld: false }
    : pending;
}

/** A kill leaves a token that nobody has; `release` and `retryLater` clear it. Either way the cursor stays. */
function giveUp(state: State, me: number): State {
  const { pending } = state;
  const next = pending?.holder === me ? { ...state, pending: { ...pending, holder: undefined } } : state;
  return withWorker(next, me, IDLE);
}

/** `park` and `restart`: under the token only, and the pass begins anew. */
function parkKey(state: State, me: number): State {
  const { pending } = state;
  const isMine = pending?.holder === me;
  const released = { holder: undefined, cursor: 0, passGeneration: 0, isPassOld: false };
  return withWorker(isMine ? { ...state, pending: { ...pending, ...released } } : state, me, IDLE);
}
