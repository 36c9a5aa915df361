import { applicationSteps } from './application-steps.ts';
import type { Model } from './explore.ts';
import { fanOutSteps } from './fan-out-steps.ts';
import { ingestSteps } from './ingest-steps.ts';
import type { Bounds, Protocol } from './protocol.ts';
import { initialState, keyOf, type State, type Step } from './state.ts';

export type Violation =
  /** Nothing is pending or under way, and a copy differs from the mirror, for good. */
  | 'LOST'
  /** A copy went from an ingested version to an older one. */
  | 'STEP BACK'
  /** The barrier has passed, and a copy is older than what was in the mirror when it began. */
  | 'BARRIER';

/** Ingest, two workers of the fan-out and the application, with one key. */
export function fanOutModel(protocol: Protocol, bounds: Bounds): Model<State, Step, Violation> {
  return {
    first: initialState(bounds),
    keyOf,
    *steps(state) {
      yield* ingestSteps(state, protocol, bounds);
      for (let worker = 0; worker < state.workers.length; worker++) yield* fanOutSteps(state, worker, protocol);
      yield* applicationSteps(state, protocol, bounds);
    },
    isQuiet({ pending, through, mirror, workers, late, isLocked }) {
      const isOver = !pending && !through && mirror === bounds.versions && late === 'done' && !isLocked;
      return isOver && workers.every(({ at }) => at === 'idle');
    },
    wrongAt(state, isQuiet) {
      if (isQuiet && state.copies.some((value) => value !== undefined && value !== state.mirror)) return 'LOST';
      return passesTooEarly(state) ? 'BARRIER' : undefined;
    },
    wrongBy: (before, step) => (stepsBack(before, step) ? 'STEP BACK' : undefined),
  };
}

/** A version beyond the mirror's is the application's, ahead of the pipeline: it may be set back until it is ingested. */
function stepsBack(before: State, { by, state }: Step): boolean {
  if (by === 'application') return false;
  return before.copies.some((old, i) => old !== undefined && old <= before.mirror && (state.copies[i] ?? 0) < old);
}

/** `countUnsettled` is 0 as soon as the row is gone or its `since` is later than the barrier's moment. */
function passesTooEarly({ barrier, pending, copies }: State): boolean {
  return barrier > 0 && !pending?.isOld && copies.some((value) => value !== undefined && value < barrier);
}
