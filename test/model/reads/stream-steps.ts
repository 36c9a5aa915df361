import type { Bounds, Fate, Rule } from './rule.ts';
import {
  epochOf,
  type FriendDatabase,
  isGone,
  type Look,
  markedDue,
  type Observation,
  type Position,
  type Row,
  type State,
  type Step,
  step,
  toPosition,
  withFriend,
  withRow,
} from './state.ts';

/** What ingest may do next, and what may happen to the topic and to the friend database. */
export function* streamSteps(state: State, rule: Rule, bounds: Bounds): Generator<Step> {
  const { friend, sent } = state;
  // A topic that is not the one which was followed is left alone, until somebody decides.
  if (friend.topic === state.topic) {
    if (friend.consumed < sent) yield* ingestSteps(state, rule, bounds);
    const start = rule.floor === 'the beginning of the epoch' ? friend.floor : friend.topicFrom;
    if (state.rewinds < bounds.rewinds && friend.consumed > start)
      yield step('the topic is rewound', withFriend({ ...state, rewinds: state.rewinds + 1 }, { consumed: start }));
  }
  if (state.epochs < bounds.epochs) yield* epochSteps(state, bounds);
  if (state.restores < bounds.restores) yield state.backup ? restoreStep(state, state.backup) : backupStep(state);
}

function* ingestSteps(state: State, rule: Rule, bounds: Bounds): Generator<Step> {
  const { friend } = state;
  const version = friend.consumed + 1;
  const position = toPosition(friend.epoch, version - friend.topicFrom);
  const consumed = { consumed: version, highWater: Math.max(version, friend.highWater) };
  if (friend.row && friend.row.position >= position) {
    yield step(`message ${version} comes again`, withFriend(state, consumed));
    return;
  }
  const before = state.fates[version - 1];
  for (const fate of possibleFates(state, version, bounds)) {
    const decided: State = {
      ...state,
      fates: state.fates.map((other, i) => (i === version - 1 ? fate : other)),
      faults: state.faults + (fate === before || fate === 'right' ? 0 : 1),
    };
    const isHeard = fate !== 'lost' && fate !== 'undecodable' && version > friend.highWater;
    const passed = withFriend(decided, { ...consumed, ...(isHeard ? { newestHeard: version } : {}) });
    yield step(`message ${version} is ingested: ${fate}`, ingested(passed, fate, version, position, rule));
  }
}

/** A message stays what it was, but for one that could not be used and may be when it comes again. */
function possibleFates({ fates, faults, deleted }: State, version: number, bounds: Bounds): readonly Fate[] {
  const before = fates[version - 1];
  if (before !== undefined && !isOfKeyAlone(before)) return [before];
  if (faults === bounds.faults) return ['right'];
  const isDelete = ((deleted >> version) & 1) === 1;
  const others = bounds.fates.filter((fate) => {
    if (fate === 'lost') return before === undefined;
    return !isDelete || isOfKeyAlone(fate);
  });
  return ['right', ...others];
}

const isOfKeyAlone = (fate: Fate) => fate === 'undecodable' || fate === 'distrusted';

function ingested(state: State, fate: Fate, version: number, position: Position, rule: Rule): State {
  const { row } = state.friend;
  const readNumber = row?.readNumber ?? 0;
  if (fate === 'lost') return state;
  if (fate === 'right' || fate === 'wrong')
    return withRow(state, { position, readNumber, version, says: fate, knownUntil: 0 });
  const due = markedDue(state, rule);
  if (rule.keyAlone === 'is skipped' && isOfKeyAlone(fate)) return due;
  if (fate === 'ambiguous' && row && row.says !== 'unknown' && !isGone(state, row.version))
    return withRow(due, { ...row, position });
  const knownUntil = row && epochOf(row.position) === epochOf(position) ? saidUntil(row) : 0;
  return withRow(due, { position, readNumber, version: row?.version ?? 0, says: 'unknown', knownUntil });
}

/** A row that a read has completed was last said, at the latest, by the message that moved it. */
const saidUntil = ({ says, knownUntil, position }: Row) => (says === 'unknown' ? knownUntil : position);

/** The connector goes on where it is, or its position is lost and it begins at the present. */
function* epochSteps(state: State, bounds: Bounds): Generator<Step> {
  const { friend, sent, source } = state;
  const topic = bounds.topic === 'is new' ? state.topic + 1 : state.topic;
  for (const cut of sent < source ? [sent, source] : [sent]) {
    const begun = {
      epoch: friend.epoch + 1,
      topic,
      topicFrom: bounds.topic === 'is new' ? cut : friend.topicFrom,
      consumed: cut,
      floor: cut,
      highWater: cut,
      newestHeard: cut === source ? source : friend.newestHeard,
    };
    yield step(
      `a new epoch begins behind v${cut}`,
      withFriend({ ...state, sent: cut, isStored: true, topic, epochs: state.epochs + 1 }, begun),
    );
  }
}

function backupStep(state: State): Step {
  const looks = withTokens(state, (observation) => ({ ...observation, isInBackup: observation.isStored }));
  return step('the friend database is backed up', { ...state, backup: state.friend, looks });
}

function restoreStep(state: State, backup: FriendDatabase): Step {
  const restored = {
    ...state,
    friend: backup,
    backup: undefined,
    highest: backup.row?.version ?? 0,
    restores: state.restores + 1,
  };
  const looks = withTokens(state, (observation) => ({
    ...observation,
    isStored: observation.isInBackup,
    isInBackup: false,
  }));
  return step('the friend database is restored', { ...restored, looks });
}

function withTokens({ looks }: State, change: (observation: Observation) => Observation): Look[] {
  return looks.map((look) => (look.observation ? { ...look, observation: change(look.observation) } : look));
}
