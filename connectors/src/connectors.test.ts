import { expect, test } from 'vitest';
import { loadConfiguration } from './configuration/load.ts';
import { connectorDefinitions, connectorNames, formerConnectors } from './connectors.ts';

const configuration = loadConfiguration({
  text: `sources:
  - { name: user, table: a.user, key: id, copies: [{ table: d.t, key: user_id, set: { a: b } }] }
  - { name: club, table: a.club, key: id, copies: [{ table: d.t, key: club_id, set: { c: d } }] }`,
  file: 'f.yaml',
  env: {},
  overrides: { connect: { connectorName: 'c' }, lateCopies: { connectorName: 'c-late' } },
});

test('the late copies’ connector begins before those of the sources, of which each has one', () => {
  const definitions = connectorDefinitions(configuration, () => ['id']);
  expect(definitions.map(({ name, source }) => [name, source?.name])).toEqual([
    ['c-late', undefined],
    ['c-user', 'user'],
    ['c-club', 'club'],
  ]);
  expect(connectorNames(configuration)).toEqual(definitions.map(({ name }) => name));
});

test('a connector of a source that the mapping no longer has is told from those of others', () => {
  expect(formerConnectors(configuration, ['c', 'c-user', 'c-late', 'c-team', 'c-eu-user', 'x-team'])).toEqual([
    'c-team',
  ]);
});
