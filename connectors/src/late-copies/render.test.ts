import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfiguration, readConfiguration } from '../configuration/load.ts';
import type { RawSettings } from '../configuration/overlay.ts';
import { connectorDefinitions } from '../connectors.ts';
import { topicDefinitions } from '../source-connector/topics.ts';
import { renderLateCopiesConnector } from './render.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const configured = (copies: string, settings: RawSettings = {}, env: Record<string, string> = {}) =>
  loadConfiguration({
    text: `sources: [{ name: user, table: u.t, key: id, copies: [${copies}] }]`,
    file: 'f.yaml',
    env,
    overrides: settings,
  });
/** Every table's primary key. */
const PK = () => ['pk'];
const captured = (copies: string) => renderLateCopiesConnector(configured(copies), PK)['column.include.list'];
const COPY = '{ table: d.f, key: fk, set: { nick: n } }';

test('the example file renders to rendered/late-copies-connector.json (vitest -u writes it)', async () => {
  const config = renderLateCopiesConnector(readConfiguration(`${root}friend-sync.example.yaml`, {}), ({ table }) =>
    table === 'im_friend' ? ['id'] : ['group_id', 'user_id'],
  );
  const file = `${root}connectors/rendered/late-copies-connector.json`;
  await expect(`${JSON.stringify(config, null, 2)}\n`).toMatchFileSnapshot(file);
});

test('no secret is in it', () => {
  const kafka = { tls: true, sasl: { mechanism: 'scram-sha-512', username: 'u' } };
  const env = { FRIEND_SYNC_TARGET__PASSWORD: 'hunter2', FRIEND_SYNC_KAFKA__SASL__PASSWORD: 'hunter3' };
  const config = renderLateCopiesConnector(configured(COPY, { kafka }, env), PK);
  expect(JSON.stringify(config)).not.toMatch(/hunter/);
  expect(config).toMatchObject({
    'database.password': '${env:FRIEND_SYNC_LATE_COPIES_PASSWORD}',
    'producer.override.sasl.jaas.config': '${env:FRIEND_SYNC_KAFKA_JAAS}',
  });
});

test('captured are the primary key, the foreign keys and the watched columns, of each table once', () => {
  const copies =
    '{ table: d.f, key: fk, set: { nick: n }, watch: [quit] }, { table: d.f, key: owner, set: { own: n } }';
  expect(renderLateCopiesConnector(configured(copies), PK)['table.include.list']).toBe('d\\.f');
  expect(captured(copies)).toBe('d\\.f\\.pk,d\\.f\\.fk,d\\.f\\.quit,d\\.f\\.owner');
});

test.each([
  ['deleted = 0', 'deleted'],
  ['state IN (\'a (b\', "quit") AND NOT `left at` <=> NULL', 'state,left at'],
  ["COALESCE(x_1, LOWER ( y ) ) = 'it''s z'", 'x_1,y'],
  ['nick IS NOT NULL OR kind = 2', 'kind'],
])('captured are the columns of a predicate, mapped ones and words in strings excepted: %s', (where, names) => {
  const found = captured(`{ table: d.f, key: fk, set: { nick: n }, where: ${JSON.stringify(where)} }`);
  expect(found?.split(',').map((name) => name.replace('d\\.f\\.', ''))).toEqual(['pk', 'fk', ...names.split(',')]);
});

test('a mapped column is never captured, not even where another copy of the table is decided by it', () => {
  expect(captured('{ table: d.f, key: a, set: { b: n } }, { table: d.f, key: c, set: { x: n }, watch: [b] }')).toBe(
    'd\\.f\\.pk,d\\.f\\.a,d\\.f\\.c',
  );
});

test('it begins before the source connector, under a name, prefix and server id of its own', () => {
  const [late, source] = connectorDefinitions(configured(COPY), PK);
  expect([late?.name, source?.name]).toEqual(['friend-sync-late-copies', 'friend-sync-source-user']);
  for (const setting of ['topic.prefix', 'database.server.id', 'schema.history.internal.kafka.topic'])
    expect(late?.config[setting]).not.toBe(source?.config[setting]);
});

test('switched off, there is neither the connector nor a topic of it', () => {
  const configuration = configured(COPY, { lateCopies: { enabled: false } });
  expect(connectorDefinitions(configuration, PK).map(({ name }) => name)).toEqual(['friend-sync-source-user']);
  expect(topicDefinitions(configuration).filter(({ topic }) => topic.includes('late'))).toEqual([]);
});
