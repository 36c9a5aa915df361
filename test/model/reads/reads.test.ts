import { expect, test } from 'vitest';
import { explore } from '../explore.ts';
import { readsModel, type Violation } from './reads-model.ts';
import { type Bounds, OURS, type Rule } from './rule.ts';

const TIMEOUT_MS = 120_000;

const STREAM_LIES: Bounds = {
  versions: 2,
  looks: 2,
  faults: 2,
  fates: ['wrong', 'lost'],
  rewinds: 1,
  restores: 0,
  servers: 1,
  epochs: 0,
  topic: 'goes on',
  deletes: 0,
  asks: 0,
  isShared: false,
};
const TWO_SERVERS: Bounds = { ...STREAM_LIES, faults: 1, servers: 2 };
const RESTORED: Bounds = { ...STREAM_LIES, fates: ['lost'], rewinds: 0, restores: 1 };
/** The third look meets numbers that the first had met before. */
const RESTORED_THREE: Bounds = { ...RESTORED, looks: 3 };
const UNSAID: Bounds = { ...STREAM_LIES, fates: ['unknown', 'ambiguous'] };
/** What is known in between is a third version. */
const UNSAID_THREE: Bounds = { ...STREAM_LIES, fates: ['lost', 'unknown'], versions: 3, rewinds: 0 };
const UNSAID_RESTORED: Bounds = { ...UNSAID, fates: ['unknown'], faults: 1, rewinds: 0, restores: 1 };
const UNSAID_SERVERS: Bounds = { ...UNSAID, servers: 2, faults: 1, rewinds: 0 };
const UNDECODABLE: Bounds = { ...STREAM_LIES, fates: ['lost', 'undecodable'] };
const UNDECODABLE_SERVERS: Bounds = { ...UNSAID_SERVERS, fates: ['undecodable'] };
const DISTRUSTED: Bounds = { ...STREAM_LIES, fates: ['lost', 'distrusted'] };
const DISTRUSTED_SERVERS: Bounds = { ...UNSAID_SERVERS, fates: ['distrusted'] };
const ASKED: Bounds = { ...STREAM_LIES, fates: ['lost', 'ambiguous'], faults: 1, asks: 1, rewinds: 0 };
const ASKED_SERVERS: Bounds = { ...ASKED, fates: ['lost'], servers: 2 };
const DELETED: Bounds = { ...STREAM_LIES, versions: 3, faults: 1, rewinds: 0, deletes: 1 };
const SHARED: Bounds = { ...STREAM_LIES, isShared: true };
const SHARED_SERVERS: Bounds = { ...SHARED, servers: 2, faults: 1, rewinds: 0 };
const EPOCH: Bounds = { ...STREAM_LIES, faults: 1, epochs: 1 };
const NEW_TOPIC: Bounds = { ...EPOCH, topic: 'is new' };
const EPOCH_RESTORED: Bounds = { ...NEW_TOPIC, faults: 0, rewinds: 0, restores: 1 };

test.each<[string, Partial<Rule>, Bounds, number]>([
  ['messages that are wrong or lost', {}, STREAM_LIES, 25_000],
  ['the row is compared where it was observed', { compare: 'where it was observed' }, STREAM_LIES, 20_000],
  ['the water is what is consumed, which a rewind lowers', { compare: 'below what is consumed' }, STREAM_LIES, 25_000],
  ['a server that lags is read, or asked by the barrier', {}, TWO_SERVERS, 100_000],
  [
    'such a server, and the row is compared where it was observed',
    { compare: 'where it was observed' },
    TWO_SERVERS,
    75_000,
  ],
  ['the friend database is restored under three looks', {}, RESTORED_THREE, 100_000],
  ['messages that do not say the value', {}, UNSAID, 60_000],
  ['messages that do not say a value that was known in between', {}, UNSAID_THREE, 100_000],
  ['messages that do not say the value, and the friend database is restored', {}, UNSAID_RESTORED, 60_000],
  ['messages that do not say the value, and a server that lags', {}, UNSAID_SERVERS, 60_000],
  ['messages that cannot be decoded, and can when they come again', {}, UNDECODABLE, 50_000],
  ['a stream that loses the trust and regains it', {}, DISTRUSTED, 50_000],
  ['a stream without trust, and a server that lags', {}, DISTRUSTED_SERVERS, 40_000],
  ['somebody asks for a read', {}, ASKED, 30_000],
  ['a row that is deleted, unheard of', {}, DELETED, 60_000],
  ['several looks from one observation', {}, SHARED, 40_000],
  ['several looks from one observation, at servers that lag', {}, SHARED_SERVERS, 60_000],
  ['a new epoch begins under way', {}, EPOCH, 80_000],
  ['a new epoch begins under way, with a new topic', {}, NEW_TOPIC, 80_000],
  ['a new epoch with a new topic, and the friend database is restored', {}, EPOCH_RESTORED, 120_000],
])(
  'no order of events lets a read take the mirror back or leave it wrong: %s',
  (_, right, bounds, fewest) => {
    const explored = explore(readsModel({ ...OURS, ...right }, bounds));
    expect(explored).toMatchObject({ violation: undefined, trace: [] });
    expect(explored.quiet).toBeGreaterThan(0);
    expect(explored.states).toBeGreaterThan(fewest);
  },
  TIMEOUT_MS,
);

test.each<[string, Violation, Partial<Rule>, Bounds]>([
  ['what was read is written without a comparison', 'BACK', { compare: 'anywhere' }, STREAM_LIES],
  ['no barrier', 'BACK', { steps: ['observe', 'read'], consumed: 'trusted' }, STREAM_LIES],
  ['the barrier before the read', 'BACK', { steps: ['observe', 'barrier', 'read'] }, STREAM_LIES],
  ['the observation after the read', 'BACK', { steps: ['read', 'observe', 'barrier'] }, STREAM_LIES],
  ['the barrier before the observation', 'BACK', { steps: ['barrier', 'observe', 'read'] }, STREAM_LIES],
  ['the number of the last read is not compared', 'BACK', { readNumber: 'ignored' }, STREAM_LIES],
  ['`consumed` is not checked again by who writes', 'BACK', { consumed: 'trusted' }, RESTORED],
  ['a server that lags is read', 'BACK', { required: 'nothing' }, TWO_SERVERS],
  ['a server is read that has what the connector has stored', 'BACK', { required: 'stored' }, TWO_SERVERS],
  ['a server is read that has what is consumed', 'BACK', { required: 'consumed' }, TWO_SERVERS],
  ['the barrier asks a server behind the one that was read', 'BACK', { barrierOf: 'server asked' }, TWO_SERVERS],
  ['a row that the mirror lacks is left to the stream', 'STUCK', { missingRow: 'left to the stream' }, STREAM_LIES],
  ['no token, and counters that come again after a restore', 'BACK', { token: 'none' }, RESTORED_THREE],
  ['a due mark cleared whatever came since', 'UNMENDED', { clears: 'any mark' }, UNSAID],
  ['a due mark cleared by a generation that restarts', 'UNMENDED', { clears: 'the generation taken' }, UNSAID],
  ['a due mark cleared by its token alone', 'UNMENDED', { clears: 'the mark taken' }, UNSAID_SERVERS],
  ['a due mark cleared by the water alone', 'UNMENDED', { clears: 'any mark, of a row below the water' }, ASKED],
  ['a due mark cleared after the comparison', 'UNMENDED', { equal: 'before it' }, UNSAID_RESTORED],
  ['a due mark taken after the read', 'UNMENDED', { steps: ['observe', 'read', 'take the mark', 'barrier'] }, ASKED],
  ['a message that cannot be decoded is skipped', 'BACK', { keyAlone: 'is skipped' }, UNDECODABLE],
  ['a message that is not trusted is skipped', 'BACK', { keyAlone: 'is skipped' }, DISTRUSTED],
  ['an unknown value is filled that was known in between', 'BACK', { fills: 'all' }, UNSAID_THREE],
  ['a row that was deleted is written without a comparison', 'BACK', { compare: 'anywhere' }, DELETED],
  ['an offset is compared without its epoch', 'STUCK', { epoch: 'ignored' }, NEW_TOPIC],
  ['a rewind behind the beginning of the epoch', 'BACK', { floor: 'the beginning of the topic' }, EPOCH],
])(
  'found wrong: %s',
  (_, violation, wrong, bounds) => {
    expect(explore(readsModel({ ...OURS, ...wrong }, bounds)).violation).toBe(violation);
  },
  TIMEOUT_MS,
);

/** Nothing says what a server must have executed, so these reads must be asked of the connector's own server, or once more later. */
test.each<[string, Bounds]>([
  ['a message that does not tell its transaction', UNDECODABLE_SERVERS],
  ['a read that somebody asks for at once after a commit', ASKED_SERVERS],
])(
  'a look at a server that lags is not enough: %s',
  (_, bounds) => {
    expect(explore(readsModel(OURS, bounds)).violation).toBe('UNMENDED');
  },
  TIMEOUT_MS,
);
