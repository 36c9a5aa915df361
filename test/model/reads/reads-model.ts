import type { Model } from '../explore.ts';
import { lookSteps } from './look-steps.ts';
import type { Bounds, Fate, Rule } from './rule.ts';
import { sourceSteps } from './source-steps.ts';
import { IDLE, initialState, isRight, keyOf, type State, type Step, withLook } from './state.ts';
import { streamSteps } from './stream-steps.ts';

export type Violation =
  /** The mirror took a version older than one it had. */
  | 'BACK'
  /** All is quiet, the mirror is wrong, and one more look that nobody disturbs does not mend it. */
  | 'STUCK'
  /** The same where a message did not say the row, or somebody has asked for it, and the key is not due any more. */
  | 'UNMENDED';

/** A source, its stream, ingest and two looks at one row, which may stall anywhere. */
export function readsModel(of: Rule, bounds: Bounds): Model<State, Step, Violation> {
  const isEverDue = bounds.asks > 0 || bounds.fates.some((fate) => UNSAID.includes(fate));
  const rule = isEverDue ? of : { ...of, steps: of.steps.filter((does) => does !== 'take the mark') };
  return {
    first: initialState(bounds),
    keyOf,
    *steps(state) {
      yield* sourceSteps(state, rule, bounds);
      yield* streamSteps(state, rule, bounds);
      for (const me of state.looks.keys()) yield* lookSteps(state, me, rule, bounds);
    },
    isQuiet({ source, sent, isStored, lagging, topic, friend, looks }) {
      const isRead = friend.topic === topic && friend.consumed === bounds.versions && sent === bounds.versions;
      const isEqual = isStored && source === bounds.versions && (bounds.servers === 1 || lagging === source);
      return isRead && isEqual && looks.every(({ done }) => done === -1);
    },
    wrongAt(state, isQuiet) {
      const { row } = state.friend;
      if (row && row.version < state.highest) return 'BACK';
      if (!isQuiet || isRight(state, bounds.versions)) return undefined;
      if (isForgotten(state, bounds)) return 'UNMENDED';
      return isMended(state, rule, bounds) ? undefined : 'STUCK';
    },
    wrongBy: () => undefined,
  };
}

const UNSAID: readonly (Fate | undefined)[] = ['unknown', 'ambiguous', 'undecodable', 'distrusted'];

/** It was known that the row must be read, and is forgotten. */
function isForgotten({ friend, fates }: State, { versions }: Bounds): boolean {
  if (friend.due !== 0) return false;
  return friend.row?.says === 'unknown' || UNSAID.includes(fates[versions - 1]) || friend.asked === versions;
}

/** One look, with nobody else moving, leaves the row right. */
function isMended(state: State, rule: Rule, bounds: Bounds): boolean {
  let alone = withLook({ ...state, looksBegun: 0 }, 0, IDLE);
  do {
    const [next] = lookSteps(alone, 0, rule, bounds);
    if (!next) return false;
    alone = next.state;
  } while (alone.looks[0] !== IDLE);
  return isRight(alone, bounds.versions);
}
