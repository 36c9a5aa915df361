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
const operations = {
  connect: { status: async () => ({ state: 'RUNNING', tasks: [{ state: 'RUNNING' }] }) },
  progress: async () => [],
  keys: async () => ({ account: keys }),
  rounds: async () => ({}),
  behind: async () => new Map(),
  distrusted: async () => ({}),
  historyLost: async () => new Map(),
  held: async () => [],
  store: async () => ({ daemons: { running: async () => running }, pause: { since: async () => undefined } }),
};
vi.mock('../context.ts', () => ({ withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations) }));
vi.mock('@friend-sync/connectors', async (original) => ({
  ...(await original<typeof import('@friend-sync/connectors')>()),
  connectorNames: () => ['one'],
}));
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

/** Runs the command; returns what it prints. */
async function status(): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const program = new Command();
  addStatus(program, () => ({ configuration: {} as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'status']);
  return told.join('');
}
