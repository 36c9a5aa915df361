import type { Step as AnyStep } from '../explore.ts';
import type { Bounds, Fate, Rule } from './rule.ts';

/** Versions, offsets and counts of one row are so few. */
const MOST = 8;

/** The order of messages: epochs begin with 1, offsets too. 0 is the position of a row that no message has told of. */
export type Position = number;

export const toPosition = (epoch: number, offset: number): Position => epoch * MOST + offset;
export const epochOf = (position: Position): number => Math.floor(position / MOST);
export const offsetOf = (position: Position): number => position % MOST;

/** The row as the mirror has it. */
export interface Row {
  readonly position: Position;
  readonly readNumber: number;
  /** The newest version that it has had a value of. */
  readonly version: number;
  readonly says: 'right' | 'wrong' | 'unknown';
  /** Of the last message that said the value which is unknown now; 0: none did. */
  readonly knownUntil: Position;
}

/** What a backup of it brings back. */
export interface FriendDatabase {
  readonly epoch: number;
  /** Which topic it follows, and the version before the first message in it. */
  readonly topic: number;
  readonly topicFrom: number;
  /** Versions whose messages have been ingested, or were never sent. */
  readonly consumed: number;
  readonly floor: number;
  readonly highWater: number;
  /** The version of the newest message that told its transaction. */
  readonly newestHeard: number;
  readonly readNumber: number;
  readonly row: Row | undefined;
  /** Token, or generation, of the key's due mark; 0: it is not due. */
  readonly due: number;
  /** The newest version that there was when somebody asked for a read; 0: nobody has. */
  readonly asked: number;
}

/** One look, between two steps that others can come between. */
export interface Look {
  /** How many of its steps are done; -1: there is none, or another has yet to begin with this observation. */
  readonly done: number;
  readonly observation: Observation | undefined;
  /** The due mark taken; 0: none. */
  readonly mark: number;
  /** The version that was read, which may be 0: no row. */
  readonly version: number;
  /** What the barrier waits for; undefined: that is not noted yet. */
  readonly target: number | undefined;
  /** It has found the row right, and has yet to clear the mark. */
  readonly isRight: boolean;
}

export interface Observation {
  readonly epoch: number;
  /** The row lies below it if nothing has told of it since: the water, or where the row was itself. */
  readonly water: Position;
  readonly readNumber: number;
  readonly required: number;
  /** Its random token is in the friend database; is in the backup. */
  readonly isStored: boolean;
  readonly isInBackup: boolean;
}

export const IDLE: Look = { done: -1, observation: undefined, mark: 0, version: 0, target: undefined, isRight: false };

export interface State {
  /** Versions that the source has committed, and those that the server which lags has. */
  readonly source: number;
  readonly lagging: number;
  /** A bit for each version that is a delete. */
  readonly deleted: number;
  /** Versions that the connector has passed, and whether its stored position has the last of them. */
  readonly sent: number;
  readonly isStored: boolean;
  /** By version, what it came as; undefined: it has not come yet. */
  readonly fates: readonly (Fate | undefined)[];
  readonly faults: number;
  /** Which topic there is. */
  readonly topic: number;
  readonly friend: FriendDatabase;
  readonly backup: FriendDatabase | undefined;
  /** The newest version that the mirror has had. */
  readonly highest: number;
  readonly rewinds: number;
  readonly restores: number;
  readonly epochs: number;
  readonly looksBegun: number;
  readonly asks: number;
  readonly looks: readonly Look[];
}

export type Step = AnyStep<State>;

export const step = (label: string, state: State): Step => ({ label, state });

export function initialState({ versions }: Bounds): State {
  const friend: FriendDatabase = {
    epoch: 1,
    topic: 0,
    topicFrom: 0,
    consumed: 0,
    floor: 0,
    highWater: 0,
    newestHeard: 0,
    readNumber: 0,
    row: undefined,
    due: 0,
    asked: 0,
  };
  return {
    source: 0,
    lagging: 0,
    deleted: 0,
    sent: 0,
    isStored: true,
    fates: Array.from({ length: versions }, () => undefined),
    faults: 0,
    topic: 0,
    friend,
    backup: undefined,
    highest: 0,
    rewinds: 0,
    restores: 0,
    epochs: 0,
    looksBegun: 0,
    asks: 0,
    looks: [IDLE, IDLE],
  };
}

export function withFriend(state: State, changed: Partial<FriendDatabase>): State {
  return { ...state, friend: { ...state.friend, ...changed } };
}

export function withLook(state: State, index: number, look: Look): State {
  return { ...state, looks: state.looks.map((other, i) => (i === index ? look : other)) };
}

/** What the connector has stored. The last that it has sent often comes later. */
export const storedOf = ({ sent, isStored }: State): number => (isStored ? sent : sent - 1);

/** The row is written. */
export function withRow(state: State, row: Row): State {
  return withFriend({ ...state, highest: Math.max(state.highest, row.version) }, { row });
}

/** Marks the key as due, with a token that nobody has; a generation is one more than the last. */
export function markedDue(state: State, { clears }: Rule): State {
  const { friend, backup, looks } = state;
  if (clears === 'the generation taken') return withFriend(state, { due: friend.due + 1 });
  let token = 1;
  while (token === friend.due || token === backup?.due || looks.some(({ mark }) => mark === token)) token++;
  return withFriend(state, { due: token });
}

/** The source has no row in this version. */
export function isGone({ deleted }: State, version: number): boolean {
  return version === 0 || ((deleted >> version) & 1) === 1;
}

/** The mirror says what the source says in this version. */
export function isRight(state: State, version: number): boolean {
  const { row } = state.friend;
  if (!row) return isGone(state, version);
  return row.says === 'right' && isSame(state, row.version, version);
}

/** A row that was read looks as the mirror's does. */
export function agrees(state: State, version: number): boolean {
  const { row } = state.friend;
  return row?.says === 'wrong' ? isSame(state, row.version - 1, version) : isRight(state, version);
}

function isSame(state: State, a: number, b: number): boolean {
  return a === b || (isGone(state, a) && isGone(state, b));
}

const FATES: readonly (Fate | undefined)[] = [
  undefined,
  'right',
  'wrong',
  'lost',
  'unknown',
  'ambiguous',
  'undecodable',
  'distrusted',
];

/** The state as text, a character for each number. It does not say which look is which. */
export function keyOf(state: State): string {
  const [a = '', b = ''] = state.looks.map(lookKey);
  const own = String.fromCharCode(
    state.source,
    state.lagging,
    state.deleted,
    state.sent * 2 + Number(state.isStored),
    state.faults,
    state.topic,
    state.highest,
    state.rewinds,
    state.restores,
    state.epochs,
    state.looksBegun,
    state.asks,
    ...state.fates.map((fate) => FATES.indexOf(fate)),
  );
  return `${own}|${friendKey(state.friend)}|${state.backup ? friendKey(state.backup) : ''}|${a < b ? a + b : b + a}`;
}

function friendKey(friend: FriendDatabase): string {
  const { row } = friend;
  return String.fromCharCode(
    friend.epoch,
    friend.topic,
    friend.topicFrom,
    friend.consumed,
    friend.floor,
    friend.highWater,
    friend.newestHeard,
    friend.readNumber,
    friend.due,
    friend.asked,
    row ? 1 + row.position : 0,
    row ? row.readNumber * 4 + (row.says === 'right' ? 0 : row.says === 'wrong' ? 1 : 2) : 0,
    row ? row.version * 40 + row.knownUntil : 0,
  );
}

function lookKey({ done, observation: o, mark, version, target, isRight: found }: Look): string {
  return String.fromCharCode(
    done + 1,
    o ? o.epoch : 0,
    o ? o.water : 0,
    o ? o.readNumber * 4 + (o.isStored ? 1 : 0) + (o.isInBackup ? 2 : 0) : 0,
    o ? o.required : 0,
    mark * 8 + version,
    (target === undefined ? 0 : 1 + target) * 2 + Number(found),
  );
}
