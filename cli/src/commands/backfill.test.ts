import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addBackfill } from './backfill.ts';

const mapping = { sources: [{ name: 'account' }, { name: 'team' }] };
const operations = {
  configuration: { mapping },
  store: async () => ({ sources: new Map() }),
  requestReads: async () => {},
  requestRound: async () => {},
  awaitRounds: async () => {},
  passBarrier: async () => ({ parked: [{ source: 'team', key: 1n, reason: 'too long' }] }),
  rounds: async () => ({ account: { goneKeys: 0 }, team: { goneKeys: 500 } }),
};
vi.mock('../context.ts', () => ({
  withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations),
}));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

test.each([
  ['--keys 1 --source account', 'done: every copy is equal', 0],
  ['--all --source account', 'done: every copy is equal', 0],
  ['--all', 'done, but 500 rows are gone unheard of', 1],
])('backfill %s --wait says what has become of the sources that it was asked for', async (options, said, code) => {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const program = new Command();
  addBackfill(program, () => ({ configuration: { mapping } as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'backfill', ...options.split(' '), '--wait']);
  expect(told.join('')).toContain(said);
  expect(process.exitCode ?? 0).toBe(code);
});
