import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { addBackfill } from './backfill.ts';

const mapping = { sources: [{ name: 'account' }, { name: 'team' }] };
const settings = { patrol: { intervalSeconds: 600 }, reads: {} };
const asked: unknown[] = [];
const controlled: unknown[] = [];
let obstacles: string[] = [];
let kind = 'string';
const operations = {
  configuration: { mapping, settings },
  store: async () => ({ sources: new Map([['account', { schema: { keyKind: kind } }]]) }),
  servers: {},
  async requestReads(_: unknown, pages: unknown[] | AsyncIterable<unknown[]>) {
    for await (const page of Array.isArray(pages) ? [pages] : pages) asked.push(...page);
    return asked.length;
  },
  requestRound: async () => {},
  awaitRounds: async () => {},
  passBarrier: async () => ({
    parked: [{ source: 'team', key: 1n, reason: 'too long' }],
    parkedCounts: { account: 0, team: 3 },
    held: [],
  }),
  rounds: async () => ({ account: { goneKeys: 0 }, team: { goneKeys: 500 } }),
};
vi.mock('@friend-sync/sync-service', async (original) => ({
  ...(await original<typeof import('@friend-sync/sync-service')>()),
  findObstacles: async () => obstacles,
  controlRounds: async (_: unknown, names: string[], control: unknown) => {
    controlled.push([names, control]);
    return names.filter((name) => name === 'team');
  },
}));
vi.mock('../context.ts', () => ({
  withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations),
}));
afterEach(() => {
  asked.length = 0;
  controlled.length = 0;
  obstacles = [];
  vi.restoreAllMocks();
  process.exitCode = 0;
});

test.each([
  ['--keys 1 --source account', 'done: every copy is equal', 0],
  ['--all --source account', 'done: every copy is equal', 0],
  ['--all', 'parked: team 1: too long\nparked: 2 more\ndone, but 3 keys could not be written\n', 1],
  ['--all', 'done, but 500 rows are gone unheard of', 1],
])('backfill %s --wait says what has become of the sources that it was asked for', async (options, said, code) => {
  expect(await backfill(...options.split(' '), '--wait')).toContain(said);
  expect(process.exitCode ?? 0).toBe(code);
});

test('case 69: a key on the command line is taken as it is, with its commas, spaces and quotes', async () => {
  const keys = ['a,b', 'alice ', ' bob', "o'neill", '"quoted"', ''];
  await backfill('--source', 'account', '--keys', ...keys);
  expect(asked).toEqual(keys);
});

test.each([
  ['a,b\n bob \n\n"q"\n', ['a,b', ' bob ', '', '"q"']],
  ['\uFEFFann\r\nbea', ['ann', 'bea']],
  ['', []],
])('case 69: the keys of a file are its lines, each as it is: %j', async (text, keys) => {
  await backfill('--source', 'account', '--keys-file', fileOf(text));
  expect(asked).toEqual(keys);
});

test('case 69: what is no key is told with its line', async () => {
  kind = 'integer';
  const fileOfKeys = (...lines: (number | string)[]) =>
    backfill('--source', 'account', '--keys-file', fileOf(lines.join('\n')));
  await expect(fileOfKeys(1, 2, 'x3')).rejects.toThrow(
    /: line 3: x3 is no key of account: its keys are whole numbers$/,
  );
  expect(asked).toEqual([]);
  const many = Array.from({ length: 5_000 }, (_, i) => i);
  await expect(fileOfKeys(...many, 'x')).rejects.toThrow(/line 5001: .*; most of what stands before it is asked for$/);
  expect(asked).toHaveLength(5_000);
  kind = 'string';
  await expect(fileOfKeys('x'.repeat(300))).rejects.toThrow('line 1: a text of 300 characters is no key of account');
  await expect(fileOfKeys('x'.repeat(300_000))).rejects.toThrow('line 1 is too long to be a key');
  await expect(
    backfill('--source', 'account', '--keys-file', fileOf(Buffer.from('ann\xff', 'latin1'))),
  ).rejects.toThrow('is not UTF-8');
  await expect(backfill('--source', 'account', '--keys-file', '/does/not/exist')).rejects.toThrow('ENOENT');
});

test('case 76: what keeps rows from being read is told at once', async () => {
  obstacles = ['no daemon runs'];
  expect(await backfill('--all')).toMatch(/^nothing is read before this is mended: no daemon runs\n/);
});

test('case 57: what is paused, resumed, stopped or given another rate is the round of the sources that are named', async () => {
  await backfill('pause', '--source', 'account');
  expect(await backfill('resume')).toBe('account: goes on where it stood\nteam: no round is under way or asked for\n');
  await backfill('stop', '--source', 'account');
  await backfill('rate', '500', '--source', 'account');
  await backfill('rate', 'default', '--source', 'account');
  expect(controlled).toEqual([
    [['account'], { kind: 'pause' }],
    [['account', 'team'], { kind: 'resume' }],
    [['account'], { kind: 'stop', seconds: 600 }],
    [['account'], { kind: 'rate', rowsPerSecond: 500 }],
    [['account'], { kind: 'rate', rowsPerSecond: undefined }],
  ]);
  expect(process.exitCode ?? 0).toBe(0);
  await backfill('stop', '--source', 'team');
  expect(process.exitCode).toBe(1);
  await expect(backfill('rate', '0')).rejects.toThrow('To read nothing, pause.');
  await expect(backfill('rate', 'fast')).rejects.toThrow('It is not a whole number.');
});

function fileOf(text: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'friend-sync-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'keys'), text);
  return join(folder, 'keys');
}

/** Runs the command; returns what it tells the operator. */
async function backfill(...options: readonly string[]): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const program = new Command().configureOutput({ writeErr() {} }).exitOverride();
  addBackfill(program, () => ({ configuration: { mapping, settings } as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'backfill', ...options]);
  return told.join('');
}
