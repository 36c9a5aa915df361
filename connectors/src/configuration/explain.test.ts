import { expect, test } from 'vitest';
import { explainSettings } from './explain.ts';

const text = `sources: [{ name: a, table: s.t, key: id, copies: [{ table: d.t, key: a_id, set: { b: c } }] }]
settings: { target: { host: db } }`;
const env = { FRIEND_SYNC_SOURCE__PASSWORD: 'hunter2', FRIEND_SYNC_SOURCE__PORT: '1' };

const settings = explainSettings({ text, file: 'f.yaml', env, overrides: { log: { level: 'debug' } } });
const named = (path: string) => settings.find((setting) => setting.path === path);

test('a setting has its value and what decides it', () => {
  expect(named('source.host')).toMatchObject({
    value: '127.0.0.1',
    origin: 'default',
    variable: 'FRIEND_SYNC_SOURCE__HOST',
  });
  expect(named('target.host')).toMatchObject({ value: 'db', origin: 'f.yaml' });
  expect(named('source.port')).toMatchObject({ value: '1', origin: 'FRIEND_SYNC_SOURCE__PORT' });
  expect(named('log.level')).toMatchObject({ value: 'debug', origin: 'command line' });
  expect(named('kafka.sasl.username')).toMatchObject({ value: '', origin: 'default' });
});

test('a secret is hidden', () => {
  expect(named('source.password')).toMatchObject({ value: '[hidden]', origin: 'FRIEND_SYNC_SOURCE__PASSWORD' });
  expect(JSON.stringify(settings)).not.toContain('hunter2');
});

test('every setting is described', () => {
  expect(settings.filter(({ description }) => !description).map(({ path }) => path)).toEqual([]);
});
