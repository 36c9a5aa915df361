import { expect, test } from 'vitest';
import { loadConfiguration } from '../configuration/load.ts';
import { changeTopic, topicDefinitions, topicNames } from './topics.ts';

const configured = (table: string) =>
  loadConfiguration({
    text: `sources: [{ name: user, table: "${table}", key: id, copies: [{ table: d.t, key: user_id, set: { a: b } }] }]`,
    file: 'f.yaml',
    env: {},
    overrides: { kafka: { topicPrefix: 'p', partitions: 5, replicationFactor: 3 }, lateCopies: { topicPrefix: 'l' } },
  });

test('a change topic is named as Debezium names it', () => {
  const names = ['user_db.im_user', 'a$b.ü c'].map((table) => {
    const { settings, mapping } = configured(table);
    return mapping.sources.map((source) => changeTopic(settings, source));
  });
  expect(names).toEqual([['p.user_db.im_user'], ['p.a_b.__c']]);
});

test('every topic is defined, and only change topics have more than one partition', () => {
  const configuration = configured('user_db.im_user');
  const definitions = topicDefinitions(configuration);
  const partitions = Object.fromEntries(definitions.map(({ topic, partitions }) => [topic, partitions]));
  const own = Object.values(topicNames('p'));
  const late = ['l.d.t', 'l.schema-history', '__debezium-heartbeat.l'];
  expect(partitions).toEqual({
    'p.user_db.im_user': 5,
    'p.user_db.im_user.dead-letter': 1,
    ...Object.fromEntries([...own, ...late].map((topic) => [topic, 1])),
  });
  expect(definitions.every(({ replicationFactor }) => replicationFactor === 3)).toBe(true);
});

test('a change topic keeps the newest change of each key, and deletes for 30 days', () => {
  expect(topicDefinitions(configured('a.b'))[0]?.config).toEqual({
    'cleanup.policy': 'compact',
    'delete.retention.ms': '2592000000',
  });
});

test('the schema history is kept for ever', () => {
  const history = topicDefinitions(configured('a.b')).find(({ topic }) => topic === 'p.schema-history');
  expect(history?.config).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' });
});
