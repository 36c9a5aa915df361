/** What somebody may do next, and what comes of it. */
export interface Step<State> {
  readonly label: string;
  readonly state: State;
}

/** Something that takes steps, and what must hold of it. */
export interface Model<State, Taken extends Step<State>, Violation> {
  readonly first: State;
  /** The same text for states from which the same can follow. */
  keyOf(state: State): string;
  /** Every step that can be taken, always in the same order. */
  steps(state: State): Iterable<Taken>;
  /** Nothing is left to do or under way, so that what is wrong now stays wrong. */
  isQuiet(state: State): boolean;
  /** What a state violates. */
  wrongAt(state: State, isQuiet: boolean): Violation | undefined;
  /** What a step violates. */
  wrongBy(before: State, step: Taken): Violation | undefined;
}

export interface Explored<Violation> {
  readonly states: number;
  readonly quiet: number;
  readonly violation: Violation | undefined;
  /** The shortest way to the violation. */
  readonly trace: readonly string[];
}

/** Visits every state that a model can reach, nearest first, until one violates a promise. */
export function explore<State, Taken extends Step<State>, Violation>(
  model: Model<State, Taken, Violation>,
): Explored<Violation> {
  const numbers = new Map([[model.keyOf(model.first), 0]]);
  /** By number: from which state each was reached, and by which of its steps. Millions of labels would not fit. */
  const origins = { from: [-1], step: [0] };
  let quiet = 0;
  const outcome = (violation?: Violation, at = 0, last?: string): Explored<Violation> => {
    const way: number[] = [];
    for (let n = at; n > 0; n = origins.from[n] ?? 0) way.unshift(origins.step[n] ?? 0);
    const trace = [...labels(model, way), ...(last === undefined ? [] : [last])];
    return { states: numbers.size, quiet, violation, trace };
  };
  let layer = [{ state: model.first, number: 0 }];
  while (layer.length > 0) {
    const following: typeof layer = [];
    for (const { state, number } of layer) {
      const isQuiet = model.isQuiet(state);
      if (isQuiet) quiet++;
      const wrong = model.wrongAt(state, isQuiet);
      if (wrong !== undefined) return outcome(wrong, number);
      let index = -1;
      for (const step of model.steps(state)) {
        index++;
        const violation = model.wrongBy(state, step);
        if (violation !== undefined) return outcome(violation, number, step.label);
        const key = model.keyOf(step.state);
        if (numbers.has(key)) continue;
        following.push({ state: step.state, number: numbers.size });
        numbers.set(key, numbers.size);
        origins.from.push(number);
        origins.step.push(index);
      }
    }
    layer = following;
  }
  return outcome();
}

function* labels<State, Taken extends Step<State>>(
  model: Model<State, Taken, unknown>,
  way: readonly number[],
): Generator<string> {
  let { first: state } = model;
  for (const index of way) {
    const step = [...model.steps(state)][index];
    if (!step) throw new Error('a state has other steps than before');
    yield step.label;
    state = step.state;
  }
}
