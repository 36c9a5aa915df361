import { expect, test } from 'vitest';
import { farIntervals } from '../../../infrastructure/mysql/server/gtid-set.ts';
import { findingOf } from './findings.ts';
import { broken, compareIdentities, OF_BINARY_LOGS, OF_WRITTEN } from './servers.ts';

test.each([
  ['8.0.18-debug', 1],
  ['8.0.19', 0],
  ['8.4.0', 0],
  ['9.7.4-commercial', 0],
  ['5.7.44-log', 1],
])('case 83: doctor finds a friend server that is too old: %s', (version, count) => {
  expect(broken(OF_WRITTEN, new Map([['version', version]]), 'friend database')).toHaveLength(count);
});

test('case 83: doctor finds a server without a binary log, and knows a setting by its older name', () => {
  const settings = new Map([
    ['log_bin', 'OFF'],
    ['master_verify_checksum', 'OFF'],
  ]);
  expect(broken(OF_BINARY_LOGS, settings, 'user database')).toMatchObject([
    { severity: 'error', part: 'user database, log_bin', mend: 'start it with --log-bin' },
    { severity: 'warning', mend: "SET PERSIST master_verify_checksum = 'ON';" },
  ]);
});

test.each([
  ['one server', {}, []],
  [
    'a copied data folder',
    { port: '2' },
    [{ severity: 'warning', part: 'user database, friend database: server_uuid' }],
  ],
  [
    'one id for two',
    { port: '2', server_uuid: 'v' },
    [{ severity: 'note', part: 'user database, friend database: server_id' }],
  ],
  ['two servers', { port: '2', server_uuid: 'v', server_id: '2' }, []],
])('case 83: doctor tells two servers from one: %s', (_name, other, findings) => {
  const one = { server_uuid: 'u', server_id: '1', hostname: 'h', port: '1', datadir: '/d' };
  const [user, friend] = [one, { ...one, ...other }].map((settings) => new Map(Object.entries(settings)));
  expect(compareIdentities('user database, friend database', user ?? new Map(), friend ?? new Map())).toMatchObject(
    findings,
  );
});

test.each([
  ['', []],
  ['u:1-5:7-9,v:1', []],
  ['u:1-5:1000006', []],
  ['u:1-5:5000000000-5000000001,v:1', ['u:5000000000-5000000001']],
  ['u:1:tag:1-3:9000000000:b:1', ['u:tag:9000000000']],
])('numbers of a GTID set that lie far ahead are found: %s', (set, far) => {
  expect(farIntervals(set)).toEqual(far);
});

test('another check’s words become a finding: part, problem, and behind the last semicolon the remedy', () => {
  const found = { severity: 'error', part: 'd.t.c', what: 'is (a; b) wrong', why: 'y', mend: 'ALTER it' };
  expect(findingOf('error', 'd.t.c: is (a; b) wrong; ALTER it', 'y')).toEqual(found);
  expect(findingOf('error', 'is wrong: so', 'y', 'p')).toEqual({ ...found, part: 'p', what: 'is wrong: so', mend: '' });
});
