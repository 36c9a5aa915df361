import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Configuration } from '../configuration/configuration.ts';
import { loadConfiguration, readConfiguration } from '../configuration/load.ts';
import type { RawSettings } from '../configuration/overlay.ts';
import { LONGEST_TEXT } from './cut.ts';
import { renderSourceConnector } from './render.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const SOURCES = (table: string) => `sources:
  - { name: user, table: "${table}", key: id, copies: [{ table: d.t, key: user_id, set: { a: nick_name, b: id } }] }
  - { name: club, table: club_db.club, key: id, copies: [{ table: d.t, key: club_id, set: { c: title } }] }`;

/** Of the first source, or of the one that is named. */
function rendered(settings: RawSettings = {}, table = 'user_db.im_user', name = 'user') {
  const configuration = loadConfiguration({
    text: SOURCES(table),
    file: 'f.yaml',
    env: { FRIEND_SYNC_SOURCE__PASSWORD: 'hunter2', FRIEND_SYNC_KAFKA__SASL__PASSWORD: 'hunter3' },
    overrides: { kafka: { sasl: { mechanism: 'scram-sha-512', username: 'u' } }, ...settings },
  });
  return render(configuration, name);
}

function render(configuration: Configuration, name: string): Record<string, string> {
  const source = configuration.mapping.sources.find((mapped) => mapped.name === name);
  return source ? renderSourceConnector(configuration, source) : {};
}

test('the example file renders to rendered/source-connector.json (vitest -u writes it)', async () => {
  const config = render(readConfiguration(`${root}friend-sync.example.yaml`, {}), 'user');
  const file = `${root}connectors/rendered/source-connector.json`;
  await expect(`${JSON.stringify(config, null, 2)}\n`).toMatchFileSnapshot(file);
});

test('no secret is in it', () => {
  const config = rendered();
  expect(JSON.stringify(config)).not.toMatch(/hunter/);
  expect(config['database.password']).toBe('${env:FRIEND_SYNC_SOURCE__PASSWORD}');
});

test('only the key and the mapped columns are captured, each once', () => {
  const config = rendered();
  expect(config['table.include.list']).toBe('user_db\\.im_user');
  expect(config['column.include.list']).toBe('user_db\\.im_user\\.id,user_db\\.im_user\\.nick_name');
});

test('a name is a literal in a regular expression', () => {
  expect(rendered({}, 'a$b.c(d,e')['table.include.list']).toBe('a\\$b\\.c\\(d\\,e');
});

test('the user database is only read and never locked', () => {
  expect(rendered()).toMatchObject({
    'snapshot.mode': 'no_data',
    'snapshot.locking.mode': 'none',
  });
});

/** What two connectors must not have in common. */
const OF_A_SOURCE = ['database.server.id', 'schema.history.internal.kafka.topic', 'custom.metric.tags'] as const;

test('connectors of different names have different server ids, the same name the same', () => {
  const [a, again, b] = ['a', 'a', 'b'].map((connectorName) => rendered({ connect: { connectorName } }));
  expect(a).toEqual(again);
  expect(a?.['database.server.id']).not.toBe(b?.['database.server.id']);
  expect(Number(a?.['database.server.id'])).toBeLessThan(2 ** 32);
});

test('the sources of one system have connectors of their own, which write topics of one prefix', () => {
  const [user, club] = ['user', 'club'].map((name) => rendered({}, 'user_db.im_user', name));
  for (const name of OF_A_SOURCE) expect(user?.[name]).not.toBe(club?.[name]);
  expect(user?.['topic.prefix']).toBe(club?.['topic.prefix']);
  expect(club?.['table.include.list']).toBe('club_db\\.club');
  expect(club?.['database.include.list']).toBe('club_db');
});

test('no value is longer than a message may be', () => {
  const config = rendered();
  expect(config[`column.truncate.to.${LONGEST_TEXT}.chars`]).toBe(config['column.include.list']);
});

test('TLS to the source verifies the server', () => {
  const config = rendered({ source: { tls: true } });
  expect(config['database.ssl.mode']).toBe('verify_identity');
  expect(config).not.toHaveProperty('driver.allowPublicKeyRetrieval');
});

test.each(['producer.override', 'schema.history.internal.producer', 'schema.history.internal.consumer'])(
  'the client %s logs in to Kafka by a reference',
  (client) => {
    const kafka = { tls: true, sasl: { mechanism: 'scram-sha-512', username: 'u' } };
    expect(rendered({ kafka })).toMatchObject({
      [`${client}.security.protocol`]: 'SASL_SSL',
      [`${client}.sasl.mechanism`]: 'SCRAM-SHA-512',
      [`${client}.sasl.jaas.config`]: '${env:FRIEND_SYNC_KAFKA_JAAS}',
    });
  },
);

test('case 24, 58: a registry of Confluent’s kind has its converter, which leaves NULL as it is, and the login is a reference', () => {
  const registry = { kind: 'confluent', url: 'https://registry.example/', user: 'u', password: 'hunter4' };
  const config = rendered({ registry });
  const converter = Object.entries(config).filter(([name]) => name.startsWith('value.converter'));
  expect(Object.fromEntries(converter)).toEqual({
    'value.converter': 'io.confluent.connect.avro.AvroConverter',
    'value.converter.schema.registry.url': 'https://registry.example',
    'value.converter.auto.register.schemas': 'true',
    'value.converter.connect.meta.data': 'true',
    'value.converter.ignore.default.for.nullables': 'true',
    'value.converter.basic.auth.credentials.source': 'USER_INFO',
    'value.converter.basic.auth.user.info': '${env:FRIEND_SYNC_REGISTRY_USER_INFO}',
  });
  expect(JSON.stringify(config)).not.toMatch(/hunter|apicurio/);
  const { user: _, ...withoutLogin } = registry;
  expect(JSON.stringify(rendered({ registry: withoutLogin }))).not.toMatch(/basic\.auth/);
  const others = (text: Record<string, string>) =>
    Object.keys(text).filter((name) => !name.startsWith('value.converter'));
  expect(others(config)).toEqual(others(rendered()));
});

test('a login to a registry of another kind is refused', () => {
  expect(() => rendered({ registry: { user: 'u' } })).toThrow(/registry\.user.* is for kind: confluent alone/);
});
