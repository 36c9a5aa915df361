import { loadConfiguration } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { settingsOf } from './settings-lines.ts';

const SOURCES = 'sources: [{ name: a, table: d.t, key: id, copies: [{ table: u, key: k, set: { x: y } }] }]';

test('what `up` prints to be pasted is a configuration that finds the servers', () => {
  const lines = settingsOf({
    userMysql: { host: '127.0.0.1', port: 3001, rootUser: 'root' },
    friendMysql: { host: '127.0.0.1', port: 3002, rootUser: 'root' },
    kafkaBrokers: '127.0.0.1:3003',
    registryUrl: 'http://127.0.0.1:3004',
    connectUrl: 'http://127.0.0.1:3005',
  });
  const { settings } = loadConfiguration({ text: `${SOURCES}\n${lines}\n`, file: 'pasted.yaml', env: {} });
  expect(settings).toMatchObject({
    source: { host: '127.0.0.1', port: 3001 },
    target: { host: '127.0.0.1', port: 3002, database: 'friend_db' },
    kafka: { brokers: ['127.0.0.1:3003'] },
    registry: { url: 'http://127.0.0.1:3004' },
    connect: { url: 'http://127.0.0.1:3005' },
  });
});
