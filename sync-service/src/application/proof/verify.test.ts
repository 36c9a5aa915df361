import { expect, test } from 'vitest';
import type { Comparison, Differing, Held } from './compare.ts';
import { verifyCopies } from './verify.ts';

/** Looks at one source: `held` says what the copies of each key hold that differ, look by look. */
function looking(...held: Record<string, Held>[]) {
  let look = 0;
  return verifyCopies({
    passBarrier: async () => ({ parked: [], parkedCounts: {}, held: [] }),
    compare: async (before?: Differing): Promise<Comparison> => {
      const now = held[Math.min(look++, held.length - 1)] ?? {};
      const keys = Object.entries(now).filter(([key]) => !before || before.get('account')?.has(key));
      const differing = new Map([['account', new Map(keys)]]);
      return {
        copies: 10,
        mismatches: keys.length,
        orphans: 0,
        misspelt: 0,
        orphaned: new Map(),
        examples: keys.map(([key]) => key),
        differing,
        held: [],
      };
    },
  });
}

test('a copy that is on its way is no mismatch', async () => {
  expect(await looking({ a: 1 }, {})).toMatchObject({ copies: 10, mismatches: 0, changing: 0 });
});

test('a copy that holds the same wrong bytes across a barrier is a mismatch', async () => {
  expect(await looking({ a: 1, b: 1 }, { a: 1 })).toMatchObject({ mismatches: 1, changing: 0, examples: ['a'] });
});

test('case 53: a key that changes at every look is no false alarm, and hides no copy that stands', async () => {
  const looks = [1, 2, 3, 4, 5, 6].map((held) => ({ hot: held, wrong: 7 }));
  expect(await looking(...looks)).toMatchObject({ mismatches: 1, changing: 1, examples: ['wrong'] });
});
