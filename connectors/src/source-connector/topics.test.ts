import { expect, test } from 'vitest';
import { loadConfiguration } from '../configuration/load.ts';
import { changeTopic, newSchemaHistory, topicDefinitions } from './topics.ts';

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

test('every topic but the schema histories is defined, and only change topics have more than one partition', () => {
  const configuration = configured('user_db.im_user');
  const definitions = topicDefinitions(configuration);
  const partitions = Object.fromEntries(definitions.map(({ topic, partitions }) => [topic, partitions]));
  const own = ['__debezium-heartbeat.user.p'];
  const late = ['l.d.t', '__debezium-heartbeat.l'];
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

test('each beginning of a connector has a schema history of its own, which is kept for ever', () => {
  const { settings } = configured('a.b');
  const config = { 'schema.history.internal.kafka.topic': 'p.schema-history.user' };
  expect(newSchemaHistory(config, settings, new Date('2026-01-02T03:04:05.678Z'))).toEqual({
    topic: 'p.schema-history.user.20260102030405678',
    partitions: 1,
    replicationFactor: 3,
    config: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
  });
});
