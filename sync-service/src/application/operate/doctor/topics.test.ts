import { loadConfiguration, type TopicDefinition, topicDefinitions } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import type { TopicState } from '../../../infrastructure/kafka/admin.ts';
import { compareTopic } from './topics.ts';

const configuration = loadConfiguration({
  text: 'sources: [{ name: user, table: u.t, key: id, copies: [{ table: d.f, key: fk, set: { a: b } }] }]',
  file: 'f.yaml',
  env: {},
  overrides: { kafka: { replicationFactor: 3 } },
});
const wanted = topicDefinitions(configuration).find(({ topic }) => topic === 'friend-sync.u.t') as TopicDefinition;
const DEFAULTS = { 'min.insync.replicas': '2', 'max.message.bytes': '1048588', 'retention.ms': '604800000' };

const stateWith = (config: Record<string, string>, other: Partial<TopicState> = {}): TopicState => ({
  partitions: 6,
  replicas: 3,
  config: new Map(Object.entries({ ...DEFAULTS, ...wanted.config, ...config })),
  ...other,
});

test('case 83: a topic that is as it should be, or keeps what it has for longer, is none of doctor’s', () => {
  expect(compareTopic(configuration, wanted, stateWith({}))).toEqual([]);
  expect(compareTopic(configuration, wanted, stateWith({ 'delete.retention.ms': '9999999999' }))).toEqual([]);
});

test.each<[string, TopicState, string, RegExp, RegExp]>([
  [
    'a topic that forgets',
    stateWith({ 'cleanup.policy': 'delete' }),
    'error',
    /cleanup.policy is delete, and compact/,
    /kafka-configs\.sh .* --topic friend-sync\.u\.t --add-config cleanup\.policy=compact$/,
  ],
  [
    'deletes that are kept too short',
    stateWith({ 'delete.retention.ms': '1000' }),
    'warning',
    /delete.retention.ms is 1000/,
    /delete\.retention\.ms=2592000000$/,
  ],
  [
    'partitions that are others',
    stateWith({}, { partitions: 7 }),
    'error',
    /has 7 partitions, and 6/,
    /kafka\.partitions/,
  ],
  [
    'a topic that cannot be written',
    stateWith({ 'min.insync.replicas': '4' }),
    'error',
    /min.insync.replicas is 4, and it has 3/,
    /min\.insync\.replicas=3/,
  ],
  [
    'too few replicas',
    stateWith({}, { replicas: 2 }),
    'warning',
    /has 2 replicas, and 3/,
    /kafka-reassign-partitions\.sh/,
  ],
  [
    'messages that one broker alone may have',
    stateWith({ 'min.insync.replicas': '1' }),
    'warning',
    /min.insync.replicas is 1/,
    /min\.insync\.replicas=2$/,
  ],
  [
    'messages that are refused',
    stateWith({ 'max.message.bytes': '20000' }),
    'warning',
    /max.message.bytes is 20000, and a row of user may take 53248/,
    /max\.message\.bytes=53248$/,
  ],
])('case 83: doctor finds %s', (_name, state, severity, what, mend) => {
  expect(compareTopic(configuration, wanted, state)).toMatchObject([
    { severity, part: 'topic friend-sync.u.t', what: expect.stringMatching(what), mend: expect.stringMatching(mend) },
  ]);
});
