import type { Bounds, LookStep, Rule } from './rule.ts';
import {
  agrees,
  epochOf,
  IDLE,
  isGone,
  type Look,
  type Observation,
  offsetOf,
  type Row,
  type State,
  type Step,
  step,
  storedOf,
  toPosition,
  withFriend,
  withLook,
  withRow,
} from './state.ts';

/** What look `me` may do next; what leads to its end by itself comes first. */
export function* lookSteps(state: State, me: number, rule: Rule, bounds: Bounds): Generator<Step> {
  const name = 'AB'[me];
  for (const [label, next] of moves(state, me, rule, bounds)) {
    yield step(`${name} ${label}`, next);
    const { observation } = state.looks[me] ?? IDLE;
    const isEnd = next.looks[me] === IDLE;
    if (bounds.isShared && isEnd && observation && state.looksBegun < bounds.looks)
      yield step(`${name} ${label}, keeps its observation`, withLook(next, me, { ...IDLE, observation }));
  }
}

type Move = [label: string, state: State];

function* moves(state: State, me: number, rule: Rule, bounds: Bounds): Generator<Move> {
  const look = state.looks[me] ?? IDLE;
  if (look.done === -1) {
    if (state.looksBegun === bounds.looks) return;
    const begun = { ...state, looksBegun: state.looksBegun + 1 };
    // Everything but the observation is made anew.
    if (look.observation) yield* advance(begun, me, { ...look, done: 1 }, rule, bounds);
    yield* advance(begun, me, { ...IDLE, done: 0 }, rule, bounds);
  } else if (look.done < rule.steps.length) {
    yield* advance(state, me, look, rule, bounds);
  } else {
    yield settle(state, me, look, rule);
  }
}

function* advance(state: State, me: number, look: Look, rule: Rule, bounds: Bounds): Generator<Move> {
  const done = look.done + 1;
  const does = rule.steps[look.done] as LookStep;
  if (does === 'observe') {
    const observation = observe(state, rule);
    yield ['observes', withLook(state, me, { ...look, done, observation })];
  } else if (does === 'take the mark') {
    yield ['takes the mark', withLook(state, me, { ...look, done, mark: state.friend.due })];
  } else if (does === 'read') {
    for (const version of serversOf(state, bounds))
      if (version >= (look.observation?.required ?? 0))
        yield [`reads v${version}`, withLook(state, me, { ...look, done, version, ...readFrom(look, bounds) })];
  } else {
    yield* barrierMoves(state, me, look, rule, bounds);
  }
}

/** Only another read needs what a server must have executed. */
function readFrom({ observation }: Look, { isShared }: Bounds): Partial<Look> {
  return isShared || !observation ? {} : { observation: { ...observation, required: 0 } };
}

/** The version that each server has. */
function serversOf({ source, lagging }: State, { servers }: Bounds): number[] {
  return servers === 2 && lagging < source ? [source, lagging] : [source];
}

function observe(state: State, rule: Rule): Observation {
  const { friend } = state;
  const { row, epoch, topicFrom } = friend;
  const isOfRow = rule.compare === 'where it was observed';
  const water = rule.compare === 'below what is consumed' ? friend.consumed : friend.highWater;
  const stored = storedOf(state);
  return {
    epoch,
    water: isOfRow ? (row?.position ?? 0) : toPosition(epoch, water - topicFrom),
    readNumber: isOfRow ? (row?.readNumber ?? 0) : friend.readNumber,
    required: {
      'stored and newest heard': Math.max(stored, friend.newestHeard),
      stored,
      consumed: friend.consumed,
      nothing: 0,
    }[rule.required],
    isStored: true,
    isInBackup: false,
  };
}

function* barrierMoves(state: State, me: number, look: Look, rule: Rule, bounds: Bounds): Generator<Move> {
  const { friend, topic } = state;
  const { target } = look;
  if (target !== undefined) {
    const isPassed = storedOf(state) >= target && friend.consumed >= target && friend.topic === topic;
    if (isPassed) yield ['passes the barrier', withLook(state, me, { ...look, done: look.done + 1 })];
    return;
  }
  const isCompared = look.observation && rule.steps.indexOf('read') < look.done;
  if (isCompared && agrees(state, look.version)) {
    if (rule.equal === 'in the transaction that clears') yield ['finds it equal', cleared(state, me, look, rule)];
    else if (!hasMoved(friend.row, look.observation, rule))
      yield ['finds it equal', withLook(state, me, { ...look, done: rule.steps.length, isRight: true })];
  }
  for (const asked of serversOf(state, bounds)) {
    const noted = rule.barrierOf === 'server asked' ? asked : Math.max(asked, look.version);
    yield [`notes v${noted}`, withLook(state, me, { ...look, target: noted })];
  }
}

/** The transaction that writes what was read, if it may. */
function settle(state: State, me: number, look: Look, rule: Rule): Move {
  const { friend } = state;
  const { observation, version } = look;
  const givenUp = withLook(state, me, IDLE);
  if (look.isRight) return ['clears the mark', friend.due === look.mark ? withFriend(givenUp, { due: 0 }) : givenUp];
  if (rule.consumed === 'checked again' && friend.consumed < (look.target ?? 0))
    return ['finds less consumed', givenUp];
  if (rule.token === 'checked' && observation?.isStored === false) return ['finds its token gone', givenUp];
  if (rule.epoch === 'compared' && observation?.epoch !== friend.epoch) return ['finds another epoch', givenUp];
  const { row } = friend;
  if (hasMoved(row, observation, rule)) {
    if (!row || !mayFill(state, row, look, rule)) return ['finds it moved', givenUp];
    return [`fills v${version}`, written(givenUp, version)];
  }
  if (agrees(state, version)) return ['finds it equal', cleared(state, me, look, rule)];
  if (!row && rule.missingRow === 'left to the stream') return ['leaves it to the stream', givenUp];
  return [`writes v${version}`, written(cleared(state, me, look, rule), version)];
}

/** The position stays: a read has none. */
function written(state: State, version: number): State {
  const readNumber = state.friend.readNumber + 1;
  const position = state.friend.row?.position ?? 0;
  return withRow(withFriend(state, { readNumber }), { position, readNumber, version, says: 'right', knownUntil: 0 });
}

/** Something has told of the row since the observation. */
function hasMoved(row: Row | undefined, observed: Observation | undefined, rule: Rule): boolean {
  if (!observed || rule.compare === 'anywhere') return false;
  const [position, readNumber] = [row?.position ?? 0, row?.readNumber ?? 0];
  const isRead = rule.readNumber === 'compared' && readNumber > observed.readNumber;
  if (rule.compare === 'where it was observed') return isRead || position !== observed.water;
  const isAbove = rule.epoch === 'compared' ? position > observed.water : offsetOf(position) > offsetOf(observed.water);
  return isRead || isAbove;
}

/** Only what is unknown of the row, and was not said since what was read. */
function mayFill(state: State, row: Row, { observation, version }: Look, rule: Rule): boolean {
  if (row.says !== 'unknown' || !observation || isGone(state, version)) return false;
  if (row.readNumber > observation.readNumber) return false;
  if (rule.fills === 'all') return true;
  return epochOf(row.position) === observation.epoch && row.knownUntil <= observation.water;
}

/** A look that leaves the row right has done what the mark was for, if it was for nothing that came later. */
function cleared(state: State, me: number, { mark, observation }: Look, rule: Rule): State {
  const { due, row } = state.friend;
  const isBelow = !hasMoved(row, observation, rule);
  const isMine = due === mark;
  const clears = {
    'the mark taken, of a row below the water': isMine && isBelow,
    'any mark, of a row below the water': isBelow,
    'the mark taken': isMine,
    'the generation taken': isMine,
    'any mark': true,
  }[rule.clears];
  return withLook(clears ? withFriend(state, { due: 0 }) : state, me, IDLE);
}
