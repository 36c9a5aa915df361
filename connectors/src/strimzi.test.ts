import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfiguration } from './configuration/load.ts';
import { connectorDefinitions } from './connectors.ts';
import { renderKafkaConnectors } from './strimzi.ts';

const definitions = (name: string) =>
  connectorDefinitions(
    loadConfiguration({
      text: `sources: [{ name: ${name}, table: u.user, key: id, copies: [{ table: f.friend, key: user_id, set: { nick: nick } }] }]`,
      file: 'f.yaml',
      env: { FRIEND_SYNC_SOURCE__PASSWORD: 'hunter2' },
    }),
    () => ['id'],
  );

test('case 91: Strimzi is given each connector as a paused resource, with the configuration that Connect is given, as text', () => {
  const given = definitions('user');
  const yaml = renderKafkaConnectors(given, 'my-connect');
  const resources = parseAllDocuments(yaml).map((document) => document.toJS());
  expect(resources.map(({ metadata }) => metadata.name)).toEqual(given.map(({ name }) => name));
  for (const [i, { apiVersion, kind, metadata, spec }] of resources.entries()) {
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaConnector' });
    expect(metadata).toMatchObject({
      labels: { 'strimzi.io/cluster': 'my-connect' },
      // Otherwise the operator takes back what a new epoch changes.
      annotations: { 'strimzi.io/pause-reconciliation': 'true' },
    });
    expect(spec.tasksMax).toBe(1);
    const whole = { ...spec.config, 'connector.class': spec.class, 'tasks.max': String(spec.tasksMax) };
    expect(whole).toEqual(given[i]?.config);
  }
  expect(yaml).not.toContain('hunter2');
});

test('a name that Kubernetes does not take is refused, and named', () => {
  expect(() => renderKafkaConnectors(definitions('user_profile'), 'c')).toThrow(
    /connector friend-sync-source-user_profile/,
  );
});
