import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfiguration, readConfiguration } from '../configuration/load.ts';
import type { RawSettings } from '../configuration/overlay.ts';
import { renderSourceConnector } from './render.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const rendered = (settings: RawSettings = {}, table = 'user_db.im_user') =>
  renderSourceConnector(
    loadConfiguration({
      text: `sources: [{ name: user, table: "${table}", key: id, copies: [{ table: d.t, key: user_id, set: { a: nick_name, b: id } }] }]`,
      file: 'f.yaml',
      env: { FRIEND_SYNC_SOURCE__PASSWORD: 'hunter2', FRIEND_SYNC_KAFKA__SASL__PASSWORD: 'hunter3' },
      overrides: { kafka: { sasl: { mechanism: 'scram-sha-512', username: 'u' } }, ...settings },
    }),
  );

test('the example file renders to rendered/source-connector.json (vitest -u writes it)', async () => {
  const config = renderSourceConnector(readConfiguration(`${root}friend-sync.example.yaml`, {}));
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

test('connectors of different names have different server ids, the same name the same', () => {
  const idOf = (connectorName: string) => rendered({ connect: { connectorName } })['database.server.id'];
  expect(idOf('a')).toEqual(idOf('a'));
  expect(idOf('a')).not.toBe(idOf('b'));
  expect(Number(idOf('a'))).toBeLessThan(2 ** 32);
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
