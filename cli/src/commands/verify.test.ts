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
  keptOrphans: 0,
  strangeOrphans: 0,
  stoppedAt: undefined as unknown,
  differences: [{ source: 'account', table: 'd.friend', keyColumn: 'friend_id', key: 1n, columns: ['nick'] }],
  unmatched: [],
  parked,
  held: [],
};
const state = { differing: new Map([['account', new Map([[1n, 7]])]]), parkedCounts: { account: 1 } };
const asked: unknown[] = [];
vi.mock('../context.ts', () => ({
  withOperations: (_: unknown, work: (one: unknown) => unknown) =>
    work({
      configuration: { mapping: { sources: [{ name: 'account', copies: [{ id: 'friend.friend_id' }] }] } },
      requestReads: async () => 1,
      async verify(_deadlineMs: number, _onWait: unknown, options: unknown) {
        asked.push(options);
        return { ...found, ...state };
      },
    }),
}));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  found.orphaned.clear();
  found.stoppedAt = undefined;
  asked.length = 0;
});

test('case 83: --repair is advised only where it can help', async () => {
  expect(await verify()).toBe(
    'parked: account 1: too long\nthey are refused, which --repair does not change: mend what refuses them, then friend-sync parked retry\n',
  );
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
  const told =
    'parked: account 1: too long\nparked: 2 more\nthey are refused, which --repair does not change: mend what refuses them, then friend-sync parked retry\n';
  expect(await verify()).toBe(told);
  state.parkedCounts.account = 2;
  expect(await verify()).toContain('friend-sync verify --repair reads their source rows again');
});

test('case 83: what a repair leaves as it is, it says why', async () => {
  state.differing.set('account', new Map([1n, 2n].map((key) => [key, 7])));
  state.parkedCounts.account = 1;
  Object.assign(found, { keptOrphans: 3, strangeOrphans: 4 });
  const told = await verify('--repair');
  Object.assign(found, { keptOrphans: 0, strangeOrphans: 0 });
  expect(told).toMatch(/^1 copies differ; reading their source rows again$/m);
  expect(told).toMatch(/^3 copies without a source row .*: onDelete of their source is keep$/m);
  expect(told).toMatch(/^4 copies hold keys that their source cannot have, .*: correct them$/m);
  expect(told).toMatch(/^parked: account 1: too long$/m);
  expect(told).toMatch(/friend-sync explain KEY says what: 2$/m);
});

test('case 53: a verify that was stopped is no success, and says how it goes on', async () => {
  found.stoppedAt = { source: 'account', copy: 'friend.friend_id', after: ['a b'] };
  const told = await verify();
  const [, place = ''] = told.match(/friend-sync verify --from '(.*)' goes on there/) ?? [];
  expect(process.exitCode).toBe(1);
  await verify('--from', place, '--rate', '500', '--sample', '0.5', '--against', 'mirror');
  expect(asked.at(-1)).toMatchObject({ from: found.stoppedAt, perSecond: 500, sample: 0.5, against: 'mirror' });
});

test.each([
  ['--from nowhere', '--from nowhere is no place'],
  ['--sample 0', 'It is not a number from 0 to 100.'],
  ['--rate 0', 'It is to be 1 or more.'],
  ['--against us', 'Allowed choices are source, mirror.'],
  ['--source account', '--source says whose --keys are meant'],
  ['--keys 1 --sample 5', "'--keys <key...>' cannot be used with option '--sample <percent>'"],
])('wrong usage of verify: %s', async (options, told) => {
  await expect(verify(...options.split(' '))).rejects.toThrow(told);
});

/** Runs the command; returns what it tells the operator. */
async function verify(...options: readonly string[]): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const program = new Command().configureOutput({ writeErr() {} }).exitOverride();
  addVerify(program, () => ({ configuration: {} as never, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'verify', ...options]);
  return told.join('');
}
