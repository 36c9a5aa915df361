import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addExplain } from './explain.ts';

const mapping = { sources: [{ name: 'account' }] };
const facts = {
  source: 'account',
  table: 'u.account',
  key: '1',
  row: { hash: 'aa' },
  mirror: undefined,
  pending: {
    since: '12:03',
    due: '12:05',
    attempts: 2,
    reason: 'd.friend, column nick: too long',
    waitsFor: undefined,
  },
  due: null,
  copies: [{ copy: 'friend.friend_id', copies: 3, differing: 2, unsettled: 0, columns: ['nick'], locked: undefined }],
  flow: undefined,
  deadLetters: [],
  unanswered: [{ about: 'the mirror', problem: 'd does not answer', isAway: true }],
};
let verdict = 'equal';
vi.mock('../context.ts', () => ({ withOperations: (_: unknown, work: (one: unknown) => unknown) => work({}) }));
vi.mock('@friend-sync/sync-service', async (original) => ({
  ...(await original<typeof import('@friend-sync/sync-service')>()),
  explainKey: async () => ({ verdict, sentence: '2 copies differ.', facts }),
}));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

test.each([
  ['equal', 0],
  ['on its way', 0],
  ['to do', 1],
  ['unreachable', 75],
])(
  'case 83: what is %s ends explain with %i; the sentence comes first, and what is not told is said',
  async (is, code) => {
    verdict = is;
    const told: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => told.push(String(text)) > 0);
    const program = new Command();
    addExplain(program, () => ({ configuration: { mapping } as never, json: false }));
    await program.parseAsync(['node', 'friend-sync', 'explain', '1']);
    const text = told.join('');
    expect(process.exitCode).toBe(code);
    expect(text).toMatch(/^2 copies differ\.\n/);
    expect(text).toMatch(/^mirror: +not told$/m);
    expect(text).toMatch(/^pending: +since 12:03 UTC; parked after 2 attempts.*column nick: too long$/m);
    expect(text).toMatch(/^no answer: +the mirror: d does not answer$/m);
    expect(text).toMatch(/^friend\.friend_id +3 +2 +\? +nick +\? +-/m);
  },
);
