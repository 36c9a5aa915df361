import { applicationSteps } from './application-steps.ts';
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

export interface Explored {
  readonly states: number;
  /** States in which nothing is left to do, so that LOST was looked for. */
  readonly quiet: number;
  readonly violation: Violation | undefined;
  /** The shortest way to the violation. */
  readonly trace: readonly string[];
}

/** Visits every state that the protocol can reach, nearest first, until one violates a promise. */
export function explore(protocol: Protocol, bounds: Bounds): Explored {
  const first = initialState(bounds);
  const numbers = new Map([[keyOf(first), 0]]);
  /** By number: from which state, and by which step, each state was reached. */
  const origins = [{ from: -1, label: '' }];
  let quiet = 0;
  const outcome = (violation?: Violation, at = -1, last: string[] = []): Explored => {
    const trace = [...last];
    for (let n = at; n > 0; n = origins[n]?.from ?? -1) trace.unshift(origins[n]?.label ?? '');
    return { states: numbers.size, quiet, violation, trace };
  };
  let layer = [{ state: first, number: 0 }];
  while (layer.length > 0) {
    const following: typeof layer = [];
    for (const { state, number } of layer) {
      if (isQuiet(state, bounds)) {
        quiet++;
        if (state.copies.some((value) => value !== undefined && value !== state.mirror)) return outcome('LOST', number);
      }
      if (passesTooEarly(state)) return outcome('BARRIER', number);
      for (const next of steps(state, protocol, bounds)) {
        if (stepsBack(state, next)) return outcome('STEP BACK', number, [next.label]);
        const key = keyOf(next.state);
        if (numbers.has(key)) continue;
        following.push({ state: next.state, number: numbers.size });
        numbers.set(key, numbers.size);
        origins.push({ from: number, label: next.label });
      }
    }
    layer = following;
  }
  return outcome();
}

function* steps(state: State, protocol: Protocol, bounds: Bounds): Generator<Step> {
  yield* ingestSteps(state, protocol, bounds);
  for (let worker = 0; worker < state.workers.length; worker++) yield* fanOutSteps(state, worker, protocol);
  yield* applicationSteps(state, protocol, bounds);
}

function isQuiet({ pending, through, mirror, workers, late, isLocked }: State, { versions }: Bounds): boolean {
  const isOver = !pending && !through && mirror === versions && late === 'done' && !isLocked;
  return isOver && workers.every(({ at }) => at === 'idle');
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
