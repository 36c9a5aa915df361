import type { Bounds, Protocol } from './protocol.ts';
import { isCopyLocked, LATE_COPY, LOCKED_COPY, marked, type State, type Step, withCopy } from './state.ts';

const step = (label: string, state: State): Step => ({ label, by: 'application', state });

/** What the application may do next to the copies, and what somebody who waits for the barrier may. */
export function* applicationSteps(state: State, protocol: Protocol, bounds: Bounds): Generator<Step> {
  yield* lateCopySteps(state, protocol, bounds);
  if (state.isLocked) yield step('the application commits another column of its copy', { ...state, isLocked: false });
  else if (!isCopyLocked(state, LOCKED_COPY))
    yield step('the application locks its copy', { ...state, isLocked: true });
  if (bounds.barrier && state.barrier === 0 && state.mirror > 0 && !state.through) yield barrierStep(state);
}

function* lateCopySteps(state: State, { lateCopy }: Protocol, { versions, late }: Bounds): Generator<Step> {
  if (state.late === 'read') {
    // The source is at most ahead of the mirror.
    for (let version = state.mirror; version <= versions; version++)
      yield step(`the application reads v${version}`, { ...state, late: 'write', lateValue: version });
  } else if (state.late === 'write' && !isCopyLocked(state, LATE_COPY)) {
    yield step(`the application writes its ${late} with v${state.lateValue}`, { ...state, late: 'commit' });
  } else if (state.late === 'commit') {
    const committed = withCopy({ ...state, late: 'event', lateValue: 0 }, LATE_COPY, state.lateValue);
    yield step(
      `the application commits its ${late}`,
      lateCopy === 'marked' ? committed : { ...committed, late: 'done' },
    );
  } else if (state.late === 'event') {
    const seen: State = { ...state, late: 'done' };
    // A key that is not in the mirror needs no mark: its first insertion marks.
    yield step('the late copy is seen and marked', state.mirror > 0 ? marked(seen) : seen);
  }
}

/** The barrier's moment: everything in the mirror now is to be applied. */
function barrierStep(state: State): Step {
  const { pending } = state;
  const old = pending && { ...pending, isOld: true, isPassOld: pending.passGeneration > 0 };
  return step('the barrier begins', { ...state, barrier: state.mirror, pending: old });
}
