import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addBackfill } from './backfill.ts';

const mapping = { sources: [{ name: 'account' }, { name: 'team' }] };
const asked: unknown[] = [];
const operations = {
  configuration: { mapping },
  store: async () => ({ sources: new Map() }),
  requestReads: async (_: unknown, keys: unknown[]) => void asked.push(...keys),
  requestRound: async () => {},
  awaitRounds: async () => {},
  passBarrier: async () => ({
    parked: [{ source: 'team', key: 1n, reason: 'too long' }],
    parkedCounts: { account: 0, team: 3 },
    held: [],
  }),
  rounds: async () => ({ account: { goneKeys: 0 }, team: { goneKeys: 500 } }),
};
vi.mock('../context.ts', () => ({
  withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations),
}));
afterEach(() => {
  asked.length = 0;
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

/** Runs the command; returns what it tells the operator. */
async function backfill(...options: readonly string[]): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const program = new Command();
  addBackfill(program, () => ({ configuration: { mapping } as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'backfill', ...options]);
  return told.join('');
}
