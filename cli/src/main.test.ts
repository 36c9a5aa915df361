import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../../friend-sync.example.yaml', import.meta.url));

/** Runs the built command, as an operator does. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function configurationFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'friend-sync-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'friend-sync.yaml');
  writeFileSync(file, text);
  return file;
}

test('five mistakes in the configuration are five errors with line numbers, and nothing is touched', () => {
  const file = configurationFile(`sources:
  - name: User
    table: account
    key: id
    copies:
      - { table: friends.friend, key: friend_id, set: { nick: nick }, wher: "x" }
settings:
  kafka: { partitions: many }
  target: { password: visible }
`);
  const { status, stdout, stderr } = run('--config', file, 'start');
  const lines = stderr.trim().split('\n');
  expect(lines.map((line) => line.slice(file.length).match(/^:(\d+):\d+: /)?.[1])).toEqual(['2', '3', '6', '8', '9']);
  expect(stderr).not.toContain('visible');
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' });
});

test('a missing configuration file is named, with what to do', () => {
  const { status, stderr } = run('--config', '/does/not/exist.yaml', 'status');
  expect(stderr).toMatch(/^\/does\/not\/exist.yaml: there is no such file; .*--config/);
  expect(status).toBe(78);
});

test.each([
  [['frobnicate']],
  [['offsets', 'reset']],
  [['offsets', 'reset', '--to-earliest', '--to-latest']],
  [['offsets', 'reset', '--by-duration', '2h']],
  [['offsets', 'reset', '--by-duration', 'PT']],
  [['offsets', 'reset', '--shift-by', 'some']],
  [['offsets', 'reset', '--to-earliest', '--topic', 'nothing:0']],
  [['offsets', 'reset', '--from-file', '/does/not/exist.csv']],
  [['offsets', 'reset', '--to-latest', '--then-backfill', '--accept-loss']],
  [['backfill']],
  [['connectors', 'render', '--for', 'strimzi']],
  [['connectors', 'render', '--cluster', 'c']],
  [['connectors', 'render', '--for', 'docker']],
  [['dead-letters', 'purge']],
  [['dead-letters', 'purge', '--all', '--until', '2026-01-31']],
  [['dead-letters', 'purge', '--until', 'yesterday']],
  [['connectors', 'pause', 'friend-sync-nothing']],
  [['connectors', 'offsets', 'reset', 'friend-sync-late-copies']],
  [['connectors', 'offsets', 'reset', '--now']],
])('wrong usage %j ends with 2 and says why', (args) => {
  const { status, stdout, stderr } = run('--config', EXAMPLE, ...args);
  expect(stderr).toMatch(/^error: /);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test('grants and render need no server, and print data on stdout only', () => {
  const grants = run('--config', EXAMPLE, 'grants');
  expect(grants).toMatchObject({ status: 0, stderr: '' });
  expect(grants.stdout).toContain('GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO');
  const render = run('--config', EXAMPLE, '--set', 'lateCopies.enabled=false', 'connectors', 'render');
  const safe = { 'snapshot.locking.mode': 'none', 'database.password': expect.stringMatching(/^\$\{env:/) };
  expect(JSON.parse(render.stdout)).toMatchObject({ 'friend-sync-source-user': safe });
});

test('a server that is not there is a temporary failure, said without a stack', () => {
  const file = configurationFile(`sources:
  - { name: account, table: users.account, key: id, copies: [{ table: friends.friend, key: friend_id, set: { nick: nick } }] }
settings: { target: { port: 1 }, source: { port: 1 }, connect: { url: "http://127.0.0.1:1" } }
`);
  const { status, stderr } = run('--config', file, 'migrate');
  expect(stderr).toMatch(/ECONNREFUSED/);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(status).toBe(75);
});

test('secrets are hidden in the settings', () => {
  const { stdout } = spawnSync(process.execPath, [MAIN, '--config', EXAMPLE, 'settings', '--json'], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin', FRIEND_SYNC_TARGET__PASSWORD: 'very-secret' },
  });
  expect(stdout).toContain('[hidden]');
  expect(stdout).not.toContain('very-secret');
});

test('case 83: a password that is not set is shown as empty, and one that is, hidden', () => {
  const passwords = (env: NodeJS.ProcessEnv) => {
    const { stdout } = spawnSync(process.execPath, [MAIN, '--config', EXAMPLE, '--json', 'settings'], {
      encoding: 'utf8',
      env,
    });
    const settings = JSON.parse(stdout) as { path: string; value: string }[];
    return ['source.password', 'target.password'].map((path) => settings.find((one) => one.path === path)?.value);
  };
  expect(passwords({ FRIEND_SYNC_TARGET__PASSWORD: 'hunter2' })).toEqual(['', '[hidden]']);
});

test('case 83: who reads no further, as head does, ends the command in peace', async () => {
  const child = spawn(process.execPath, [MAIN, '--config', EXAMPLE, 'settings']);
  child.stdout.destroy();
  const told: string[] = [];
  child.stderr.on('data', (text) => told.push(String(text)));
  const [code] = await once(child, 'close');
  expect({ code, told: told.join('') }).toEqual({ code: 0, told: '' });
});

test('case 83: what several parts of status have not been told for the same reason is said once', () => {
  const nowhere = ['source.port=1', 'target.port=1', 'kafka.brokers=127.0.0.1:1', 'connect.url=http://127.0.0.1:1'];
  const { status, stdout } = run('--config', EXAMPLE, ...nowhere.flatMap((setting) => ['--set', setting]), 'status');
  expect(status).toBe(75);
  expect(stdout.match(/check that the friend database is reachable/g)).toHaveLength(1);
  expect(stdout).toMatch(/^histories: the same$/m);
  expect(stdout).not.toMatch(/user database/);
});

test('case 83: doctor names each server that is away once, and that is a temporary failure', () => {
  const nowhere = ['source.port=1', 'target.port=1', 'kafka.brokers=127.0.0.1:1', 'connect.url=http://127.0.0.1:1'];
  const all = [...nowhere, 'registry.url=http://127.0.0.1:1'].flatMap((setting) => ['--set', setting]);
  const { status, stdout, stderr } = run('--config', EXAMPLE, ...all, 'doctor');
  expect(stdout.match(/^error: .*?:1(?=: )/gm)).toEqual([
    'error: user database 127.0.0.1:1',
    'error: friend database 127.0.0.1:1',
    'error: Kafka at 127.0.0.1:1',
    'error: Kafka Connect at http://127.0.0.1:1',
    'error: schema registry at http://127.0.0.1:1',
  ]);
  expect({ status, stderr }).toEqual({ status: 75, stderr: '5 errors\n' });
});
