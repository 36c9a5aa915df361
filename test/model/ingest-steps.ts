import type { Bounds, Protocol } from './protocol.ts';
import { isCopyLocked, marked, type State, type Step } from './state.ts';

const step = (label: string, state: State): Step => ({ label, by: 'friend-sync', state });

/**
 * What ingest may do next. A transaction that only marks is one step: while it is open it makes others wait, which is
 * the same as coming later. One that writes through is two, because a copy can come in between its UPDATE and its commit.
 * Whether the fan-out is idle is left open: ingest may write through at any time.
 */
export function* ingestSteps(state: State, protocol: Protocol, bounds: Bounds): Generator<Step> {
  const { through } = state;
  if (through) yield* throughSteps(state, through.copies, through.isCommitted, protocol);
  else if (state.mirror < bounds.versions && !isMirrorShared(state, protocol)) yield* beginSteps(state, protocol);
}

/** Some fan-out holds a share lock on the mirror row. */
function isMirrorShared({ workers }: State, { read }: Protocol): boolean {
  return read === 'mirror under a share lock' && workers.some(({ at }) => at === 'mirror read');
}

function* beginSteps(state: State, { firstInsertion, through }: Protocol): Generator<Step> {
  const stored = { ...state, mirror: state.mirror + 1 };
  const isFirst = state.mirror === 0;
  const label = `ingest stores v${stored.mirror}`;
  yield isFirst && firstInsertion === 'not marked' ? step(label, stored) : step(`${label} and marks`, marked(stored));
  if (isFirst) {
    if (through === 'copies not found') yield step(`${label}, finds no copy to write`, stored);
    return;
  }
  const existing = state.copies.map((value) => value !== undefined);
  const free = existing.map((exists, copy) => exists && !isCopyLocked(state, copy));
  if (through === 'after the commit') {
    yield step(`${label}, marks nothing`, { ...stored, through: { isCommitted: true, copies: existing } });
  } else if (through === 'locked copies skipped') {
    yield step(`${label}: copies written that are free`, { ...state, through: { isCommitted: false, copies: free } });
  } else if (state.copies.every((_, copy) => !isCopyLocked(state, copy))) {
    yield step(`${label}: copies written`, { ...state, through: { isCommitted: false, copies: existing } });
  }
}

function* throughSteps(
  state: State,
  copies: readonly boolean[],
  isCommitted: boolean,
  protocol: Protocol,
): Generator<Step> {
  const mirror = isCommitted ? state.mirror : state.mirror + 1;
  if (!isCommitted || !copies.some((isMine, copy) => isMine && isCopyLocked(state, copy))) {
    yield step(`ingest of v${mirror} commits the copies`, {
      ...state,
      mirror,
      through: undefined,
      copies: state.copies.map((value, copy) => (copies[copy] ? mirror : value)),
      pending: protocol.through === 'pending row deleted' ? undefined : state.pending,
    });
  }
  yield step('ingest is killed', { ...state, through: undefined });
}
