import { spawnSync } from 'node:child_process';
import { loadConfiguration } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { exportsOf, settingsOf } from './settings-lines.ts';

const SOURCES = 'sources: [{ name: a, table: d.t, key: id, copies: [{ table: u, key: k, set: { x: y } }] }]';

const STACK = {
  userMysql: { host: '127.0.0.1', port: 3001, rootUser: 'root' },
  friendMysql: { host: '127.0.0.1', port: 3002, rootUser: 'root' },
  kafkaBrokers: '127.0.0.1:3003',
  registryUrl: 'http://127.0.0.1:3004',
  connectUrl: 'http://127.0.0.1:3005',
} as const;

test('what `up` prints to be pasted is a configuration that finds the servers', () => {
  const lines = settingsOf(STACK);
  const { settings } = loadConfiguration({ text: `${SOURCES}\n${lines}\n`, file: 'pasted.yaml', env: {} });
  expect(settings).toMatchObject({
    source: { host: '127.0.0.1', port: 3001 },
    target: { host: '127.0.0.1', port: 3002, database: 'friend_db' },
    kafka: { brokers: ['127.0.0.1:3003'] },
    registry: { url: 'http://127.0.0.1:3004' },
    connect: { url: 'http://127.0.0.1:3005' },
  });
});

test('what `env` prints is what a shell tells `init` and `up` of the servers', () => {
  const script = `${exportsOf(STACK, "it's", 'forum')}\nenv`;
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env: {} });
  const env = Object.fromEntries(
    stdout.split('\n').flatMap((line) => [line.match(/^(FRIEND_SYNC_\w+)=(.*)$/)?.slice(1) ?? []]),
  );
  const { settings } = loadConfiguration({ text: SOURCES.replace('u, key', 'e.u, key'), file: 'f.yaml', env });
  expect(settings).toMatchObject({
    kafka: { brokers: ['127.0.0.1:3003'] },
    registry: { url: 'http://127.0.0.1:3004' },
    connect: { url: 'http://127.0.0.1:3005' },
  });
  expect(env.FRIEND_SYNC_USER_URL).toBe('mysql://root@127.0.0.1:3001/it%27s');
  expect(env.FRIEND_SYNC_FRIEND_URL).toBe('mysql://root@127.0.0.1:3002/forum');
});
