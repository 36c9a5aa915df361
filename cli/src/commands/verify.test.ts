import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addVerify } from './verify.ts';

const parked = [{ source: 'account', key: 1n, reason: 'too long' }];
const found = {
  copies: 3,
  mismatches: 1,
  orphans: 0,
  misspelt: 0,
  orphaned: new Map<string, ReadonlySet<bigint>>(),
  changing: 0,
  examples: ['d.friend friend_id=1: nick'],
  parked,
  held: [],
};
const state = { differing: new Map([['account', new Map([[1n, 7]])]]), parkedCounts: { account: 1 } };
vi.mock('../context.ts', () => ({
  withOperations: (_: unknown, work: (one: unknown) => unknown) =>
    work({ verify: async () => ({ ...found, ...state }) }),
}));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  found.orphaned.clear();
});

test('case 83: --repair is advised only where it can help', async () => {
  expect(await verify()).toBe('parked: account 1: too long\nthey are refused, which --repair does not change\n');
  state.differing.get('account')?.set(2n, 8);
  expect(await verify()).toContain('friend-sync verify --repair reads their source rows again');
});

test('case 26: very many keys without a source row are no success', async () => {
  const gone = Array.from({ length: 101 }, (_, i) => BigInt(i));
  found.orphaned.set('account', new Set(gone));
  expect(await verify()).toMatch(/^101 keys of account have no source row.*verify --repair --gone 101/);
  expect(process.exitCode).toBe(1);
});

test('parked keys that are not named are counted, and are not taken for such as --repair can help', async () => {
  state.differing.set('account', new Map([1n, 2n, 3n].map((key) => [key, 7])));
  state.parkedCounts.account = 3;
  const told = 'parked: account 1: too long\nparked: 2 more\nthey are refused, which --repair does not change\n';
  expect(await verify()).toBe(told);
  state.parkedCounts.account = 2;
  expect(await verify()).toContain('friend-sync verify --repair reads their source rows again');
});

/** Runs the command; returns what it tells the operator. */
async function verify(): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const program = new Command();
  addVerify(program, () => ({ configuration: {} as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'verify']);
  return told.join('');
}
