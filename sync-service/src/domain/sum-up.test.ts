import { expect, test } from 'vitest';
import type { CopyFacts, FlowFacts, KeyFacts, MirrorFacts } from './key-facts.ts';
import { sumUp } from './sum-up.ts';
import type { Trouble } from './trouble.ts';

const RIGHT: CopyFacts = {
  copy: 'friend.friend_id',
  table: 'd.friend',
  held: undefined,
  isMissed: false,
  copies: 3,
  differing: 0,
  unsettled: 0,
  misspelt: 0,
  differFromMirror: 0,
  columns: [],
  locked: 0,
};
const WRONG = { ...RIGHT, differing: 2, differFromMirror: 2, columns: ['nick'] };
const EQUAL: MirrorFacts = {
  hash: 'aa',
  epoch: 1,
  partition: 2,
  offset: 7n,
  committedAtMs: 1,
  isDeleted: false,
  readNumber: 0n,
  unknown: [],
  differing: [],
  isEqual: true,
};
const STALE = { ...EQUAL, hash: 'bb', differing: ['nick'], isEqual: false };
const FLOW: FlowFacts = {
  daemons: ['consuming'],
  troubles: [],
  pausedSince: undefined,
  historyLost: undefined,
  connector: undefined,
  distrust: [],
  behind: undefined,
  isLoaded: true,
  goneKeys: 0,
};
const FACTS: KeyFacts = {
  source: 'account',
  table: 'u.account',
  key: '1',
  onDelete: 'keep',
  row: { hash: 'aa' },
  mirror: EQUAL,
  isChanging: false,
  pending: null,
  due: null,
  copies: [WRONG],
  flow: FLOW,
  deadLetters: [],
  unanswered: [],
};
const pending = { since: '12:03', due: '12:05', attempts: 0, reason: undefined, waitsFor: undefined };
const due = { since: '12:03', attempts: 2, isAgain: false, refused: undefined };
const trouble = (part: string, problem: string): Trouble => {
  return { part, problem, kind: '', directive: 'halt', hint: 'mend it', since: '', isNote: false };
};
const away = { about: 'our tables', problem: 'the friend database is away', isAway: true };
const stale = (flow: Partial<FlowFacts> = {}, more: Partial<KeyFacts> = {}): Partial<KeyFacts> => ({
  mirror: STALE,
  flow: { ...FLOW, ...flow },
  ...more,
});

test.each<[string, Partial<KeyFacts>, RegExp, string]>([
  ['every copy is equal', { copies: [RIGHT] }, /^Every copy equals its source\.$/, 'equal'],
  [
    'they are equal whatever else is wrong',
    { copies: [RIGHT], flow: { ...FLOW, daemons: [] }, pending },
    /^Every copy equals/,
    'equal',
  ],
  ['there is no copy', { copies: [{ ...RIGHT, copies: 0 }] }, /^There is no copy of it/, 'equal'],
  [
    'the key is a slip',
    { row: null, mirror: null, copies: [{ ...RIGHT, copies: 0 }] },
    /no row of this key, nor is there a copy/,
    'equal',
  ],
  ['it was deleted', { row: null, copies: [RIGHT] }, /no row of this key, and onDelete keeps/, 'equal'],
  [
    'a copy is held',
    { copies: [RIGHT, { ...RIGHT, copies: undefined, copy: 'member.user_id', held: 'd.member: has no primary key' }] },
    /member\.user_id is held: d\.member: has no primary key/,
    'to do',
  ],
  [
    'the key is spelt otherwise',
    { copies: [{ ...RIGHT, misspelt: 1 }] },
    /^1 copy names the source row in another spelling/,
    'to do',
  ],
  [
    'no daemon runs',
    { pending, flow: { ...FLOW, daemons: [] } },
    /^2 copies differ: no daemon runs; friend-sync start/,
    'to do',
  ],
  [
    'it is parked',
    { pending: { ...pending, attempts: 3, reason: 'd.friend.nick refuses it' } },
    /parked, and waits since 12:03 UTC: d\.friend\.nick refuses it\./,
    'to do',
  ],
  [
    'it waits for another key',
    { pending: { ...pending, attempts: 3, reason: 'must be unique', waitsFor: '7' } },
    /must be unique; it waits for the key 7/,
    'to do',
  ],
  [
    'fan-out is paused',
    { pending, flow: { ...FLOW, pausedSince: '12:01' } },
    /paused since 12:01 UTC; friend-sync resume/,
    'to do',
  ],
  [
    'copies are locked',
    { pending, copies: [{ ...WRONG, locked: 1 }] },
    /another transaction has locked 1 of them in d\.friend/,
    'on its way',
  ],
  [
    'fan-out is in trouble',
    { pending, flow: { ...FLOW, troubles: [trouble('copies by friend.friend_id', 'no UPDATE on it')] } },
    /copies by friend\.friend_id: no UPDATE on it; mend it/,
    'to do',
  ],
  ['it is pending', { pending }, /pending since 12:03 UTC/, 'on its way'],
  [
    'changes passed the copy over',
    { copies: [{ ...WRONG, isMissed: true }] },
    /friend\.friend_id was held or missed, and waits for a sweep/,
    'on its way',
  ],
  [
    'somebody has edited copies',
    {},
    /\(d\.friend\.nick\): somebody else has written there.*friend-sync mark --keys 1 --source account/,
    'on its way',
  ],
  [
    'copies lack what onDelete says',
    { row: null, mirror: null, copies: [{ ...RIGHT, unsettled: 1 }] },
    /^1 copy differs: .*lack what onDelete says; friend-sync verify --repair/,
    'to do',
  ],
  [
    'the source is not followed',
    stale({ historyLost: 'its binary logs are gone' }),
    /its binary logs are gone; friend-sync epoch new account --execute/,
    'to do',
  ],
  [
    'the connector has failed',
    stale({ connector: 'connector c or its task is FAILED' }),
    /has not arrived: connector c or its task is FAILED/,
    'to do',
  ],
  [
    'the partition is halted',
    stale({ troubles: [trouble('reads of account', 'later'), trouble('ingest of t/2', 'first')] }),
    /not ingested, since ingest of t\/2: first; mend it/,
    'to do',
  ],
  [
    'the mirror refuses the row',
    stale({}, { due: { ...due, refused: 'too long' } }),
    /does not take its row, due since 12:03 UTC: too long/,
    'to do',
  ],
  [
    'its message cannot be decoded',
    stale({}, { due, deadLetters: [{ partition: 2, offset: 9n, reason: 'junk' }] }),
    /could not be decoded \(partition 2, offset 9: junk\)/,
    'on its way',
  ],
  [
    'the stream is not trusted',
    stale({ distrust: ['since 12:00 UTC: wrong'] }, { due }),
    /not trusted \(since 12:00 UTC: wrong\)/,
    'on its way',
  ],
  [
    'a column is unknown',
    stale({ behind: 'a partition' }, { due, mirror: { ...STALE, unknown: ['bio'] } }),
    /did not tell bio, .*once this is over: a partition/,
    'on its way',
  ],
  ['the mirror is behind', stale({ behind: 'not sent' }), /its change is on its way: not sent/, 'on its way'],
  [
    'the first load goes on',
    stale({ isLoaded: false }, { mirror: null }),
    /the first load of account has not ended/,
    'on its way',
  ],
  [
    'nobody has told of the change',
    stale(),
    /no message has told .*friend-sync backfill --keys 1 --source account/,
    'on its way',
  ],
  ['the row changes', stale({}, { isChanging: true }), /changes at this very moment/, 'on its way'],
  [
    'very many rows are gone',
    stale({ goneKeys: 500 }, { row: null }),
    /one of 500 that are gone .*friend-sync gone account --execute/,
    'to do',
  ],
  [
    'its row is gone unheard of',
    stale({}, { row: null }),
    /takes it as deleted; at once: friend-sync verify --repair/,
    'on its way',
  ],
  [
    'the source is away',
    { row: undefined, unanswered: [away] },
    /^It cannot be told: the friend database is away/,
    'unreachable',
  ],
  [
    'nothing of ours can be read',
    { flow: undefined, mirror: undefined, unanswered: [{ ...away, isAway: false }] },
    /^2 copies differ: the friend database is away/,
    'to do',
  ],
])('case 83: where %s, a sentence says so', (_, more, sentence, verdict) => {
  const summary = sumUp({ ...FACTS, ...more });
  expect(summary.sentence).toMatch(sentence);
  expect(summary.verdict).toBe(verdict);
});

test('case 83: a server that cannot be reached counts where copies are not equal, and hides no other cause', () => {
  const facts = { ...FACTS, pending, unanswered: [away] };
  expect(sumUp(facts)).toMatchObject({ verdict: 'unreachable', sentence: expect.stringMatching(/pending/) });
  expect(sumUp({ ...facts, copies: [RIGHT] }).verdict).toBe('equal');
});

test('case 69: a key is named as a shell takes it for one word', () => {
  expect(sumUp({ ...FACTS, key: "o'neill, x" }).sentence).toContain(`--keys 'o'\\''neill, x' --source`);
});
