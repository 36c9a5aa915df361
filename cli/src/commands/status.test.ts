import { loadConfiguration } from '@friend-sync/connectors';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addStatus } from './status.ts';

const halted = {
  part: 'table of account',
  kind: 'contract_broken',
  directive: 'halt',
  problem: 'd.account.nick: no such column',
  hint: 'correct the mapping',
  since: '',
  isNote: false,
};
const keys = { pending: 0, parked: 0, reasons: [] as { reason: string; keys: number }[], due: 0, incomplete: 0 };
let running: unknown[] = [];
const configuration = loadConfiguration({
  text: 'sources: [{ name: account, table: u.account, key: id, copies: [{ table: d.friend, key: fk, set: { a: nick } }] }]',
  file: 'f.yaml',
  env: {},
});
const nothing = { low: 0n, high: 0n };
const operations = {
  configuration,
  servers: { admin: { partitionOffsets: async () => [nothing], offsetsAtTimestamp: async () => new Map() } },
  connect: { status: async () => ({ state: 'RUNNING', tasks: [{ state: 'RUNNING' }] }) },
  progress: async () => [],
  keys: async () => ({ account: keys }),
  rounds: async () => ({}),
  behind: async () => new Map(),
  distrusted: async () => ({}),
  historyLost: async () => new Map(),
  held: async () => [],
  store: async () => ({
    daemons: { running: async () => running },
    pause: { since: async () => undefined },
    sources: new Map(),
  }),
};
vi.mock('../context.ts', () => ({ withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations) }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  Object.assign(keys, { parked: 0, reasons: [] });
});

test('what halts a daemon is told once, with what to do, and is no success', async () => {
  running = [{ state: 'consuming', troubles: [halted] }, { state: 'consuming', troubles: [halted] }, undefined];
  const told = await status();
  expect(told).toContain('daemons: 3 (consuming, consuming, older version)\n');
  expect(told.split('trouble: table of account: d.account.nick: no such column\n  correct the mapping\n')).toHaveLength(
    2,
  );
  expect(process.exitCode).toBe(1);
});

test('a note is told, and what is in order is a success; daemons that only join are none', async () => {
  running = [{ state: 'consuming', troubles: [{ ...halted, isNote: true }] }];
  expect(await status()).toContain('note: table of account');
  expect(process.exitCode).toBe(0);
  running = [{ state: 'joining', troubles: [] }];
  await status();
  expect(process.exitCode).toBe(1);
});

test('keys that are parked are told with their reasons, and are no success', async () => {
  running = [{ state: 'consuming', troubles: [] }];
  Object.assign(keys, { parked: 3, reasons: [{ reason: 'd.friend: nick is too long', keys: 3 }] });
  expect(await status()).toContain('account: 3 keys are parked: d.friend: nick is too long\n');
  expect(process.exitCode).toBe(1);
});

test('--watch prints a picture each interval, coloured on a terminal alone, and there in the place of the one before', async () => {
  running = [{ state: 'consuming', troubles: [] }];
  const piped = await watch({});
  expect(piped).toHaveLength(2);
  expect(piped.join('')).not.toContain('\u001b');
  const onTerminal = await watch({ isTerminal: true });
  for (const picture of onTerminal) {
    expect(picture.startsWith('\u001b[2J\u001b[H')).toBe(true);
    expect(picture).toContain('\u001b[32mnothing is wrong');
  }
  const plain = await watch({ isTerminal: true, env: { NO_COLOR: '1' } });
  for (const picture of plain) expect(picture).not.toContain('\u001b[3');
  expect(process.exitCode).toBe(0);
});

/** Two pictures. */
async function watch({ isTerminal = false, env = {} }): Promise<string[]> {
  const told: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    told.push(String(text));
    if (told.length === 2) throw new Error('enough');
    return true;
  });
  const before = process.stdout.isTTY;
  process.stdout.isTTY = isTerminal;
  await expect(run(['--watch', '0.01'], env)).rejects.toThrow('enough');
  process.stdout.isTTY = before;
  return told;
}

/** Runs the command; returns what it prints. */
async function status(): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  await run([], {});
  return told.join('');
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const program = new Command();
  addStatus(program, () => ({ configuration, json: false }), env);
  await program.parseAsync(['node', 'friend-sync', 'status', ...args]);
}
