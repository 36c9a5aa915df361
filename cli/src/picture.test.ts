import { loadConfiguration } from '@friend-sync/connectors';
import { type PipelineState, SyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { painting, pictureOf } from './picture.ts';

const configuration = loadConfiguration({
  text: `sources: [{ name: account, table: u.account, key: id, copies: [{ table: d.friend, key: fk, set: { a: nick } }] }]
settings: { source: { host: users }, target: { host: friends }, connect: { url: "http://connect:8083" }, kafka: { brokers: ["kafka:9092"] }, registry: { url: "http://registry:8080" } }`,
  file: 'f.yaml',
  env: {},
});
const TOPIC = 'friend-sync.u.account';
const RUNNING = { state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] } as never;
const value = <T>(one: T) => ({ value: one });
const STATE: PipelineState = {
  daemons: value({
    states: ['consuming', 'consuming'],
    troubles: [],
    figures: { changesPerSecond: 310, copiesPerSecond: 2200.5, appliedMs: { p50: 34, p99: 210 } },
    pausedSince: undefined,
  }),
  connectors: value([
    { name: 'friend-sync-source-account', status: RUNNING },
    { name: 'friend-sync-late-copies', status: RUNNING },
  ]),
  progress: value([
    { topic: TOPIC, partition: 0, epoch: 1, nextOffset: 5n, endOffset: 7n, lag: 2n },
    { topic: 'friend-sync-late-copies.d.friend', partition: 0, epoch: 0, nextOffset: 5n, endOffset: 5n, lag: 0n },
  ]),
  waits: value({ [TOPIC]: 4 }),
  keys: value({
    account: {
      pending: 5,
      parked: 2,
      oldestSeconds: 3,
      reasons: [{ reason: 'd.friend.a: too long', keys: 2 }],
      due: 1,
      incomplete: 0,
    },
  }),
  parked: value({
    parked: [7n, 9n].map((key) => ({ source: 'account', key, since: '', reason: 'd.friend.a: too long' })) as never,
    parkedCounts: { account: 2 },
  }),
  deadLetters: value({ account: 0 }),
  rounds: value({
    account: {
      ...{
        leg: 'source',
        isAsked: false,
        requests: 1n,
        servedRequests: 1n,
        seconds: 10,
        rowCount: 500,
        correctedKeys: 0,
      },
      ...{
        lastEndedAt: '2026-01-01',
        lastAgeSeconds: 42,
        lastDurationMs: 20,
        lastRowCount: 1000,
        lastCorrectedKeys: 3,
        goneKeys: 0,
        stoppedRequests: 0n,
        pausedSince: undefined,
        rowsPerSecond: undefined,
      },
    },
  }),
  behind: value({}),
  distrusted: value({}),
  historyLost: value(new Map()),
  held: value([]),
};
const picture = (change: Partial<PipelineState> = {}) =>
  pictureOf(configuration, { ...STATE, ...change }, new Date(0), painting(false)).split('\n');

test('a picture has each stage of a source with its server, how far behind it is, and each trouble with its remedy in a line', () => {
  expect(picture()).toEqual([
    'friend-sync  1970-01-01T00:00:00.000Z',
    '',
    'account',
    '  source       u.account at users:3306: its stream is trusted',
    '  ↓ connector  friend-sync-source-account RUNNING, tasks RUNNING at http://connect:8083',
    '  ↓ topic      friend-sync.u.account at kafka:9092, schemas at http://registry:8080: 2 messages to be read, the oldest for 4 s at most, 0 dead letters',
    '  ↓ daemons    2 (consuming, consuming): 310 changes/s, 2200.5 copies/s, 34 ms from commit to copies (p99 210 ms)',
    '  ↓ copies     d.friend.fk at friends:3306: 3 pending for up to 3 s, 2 parked, 1 due for a read',
    '  ↺ reads      last whole round 42 s ago: 1000 rows, 3 keys corrected; under way: source, 500 rows read in 10 s, about 10 s left to read',
    '',
    'late copies  friend-sync-late-copies RUNNING, tasks RUNNING: nothing to be read',
    '',
    'trouble: account: 2 keys are parked (7, 9): d.friend.a: too long — friend-sync parked list; parked retry once the cause is gone',
  ]);
});

test('what nobody answers is told once, by its server; the stages that can be told are', () => {
  const error = new SyncError('store_unavailable', 'friends:3306 does not answer');
  const none = { error };
  const told = picture({
    keys: none,
    parked: none,
    rounds: none,
    held: none,
    daemons: none,
    progress: { error: new SyncError('source_unavailable', 'Kafka has not answered') },
  });
  expect(told.filter((line) => line.startsWith('no answer'))).toEqual([
    'no answer: friends:3306 does not answer — check that the friend database is reachable and writable',
    'no answer: Kafka has not answered — check that the Kafka brokers are reachable',
  ]);
  expect(told).toContain('  ↓ copies     d.friend.fk at friends:3306: not told');
  expect(told.join()).toContain('friend-sync-source-account RUNNING');
});
