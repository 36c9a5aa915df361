import { expect, test } from 'vitest';
import type { CompareOptions, Comparison } from './compare.ts';
import type { Held } from './tally.ts';
import { verifyCopies } from './verify.ts';

const looking = (...held: Record<string, Held>[]) => verifying({}, held);

/** Looks at one source: `held` says what the copies of each key hold that differ, look by look. */
function verifying(options: CompareOptions, held: readonly Record<string, Held>[], asked: CompareOptions[] = []) {
  let look = 0;
  const parts = {
    passBarrier: async () => ({ parked: [], parkedCounts: {}, held: [] }),
    compare: async (one: CompareOptions): Promise<Comparison> => {
      asked.push(one);
      const { among } = one;
      const now = held[Math.min(look++, held.length - 1)] ?? {};
      const keys = Object.entries(now).filter(
        ([key]) => !among || [...(among.get('account')?.keys() ?? [])].includes(key),
      );
      const differing = new Map([['account', new Map(keys)]]);
      return {
        copies: 10,
        mismatches: keys.length,
        orphans: 0,
        misspelt: 0,
        keptOrphans: 0,
        strangeOrphans: 0,
        orphaned: new Map(),
        differences: keys.map(([key]) => ({ source: 'account', table: 'friend', keyColumn: 'id', key, columns: [] })),
        unmatched: [],
        differing,
        held: [],
      };
    },
  };
  return verifyCopies(parts, options);
}

test('a copy that is on its way is no mismatch', async () => {
  expect(await looking({ a: 1 }, {})).toMatchObject({ copies: 10, mismatches: 0, changing: 0 });
});

test('a copy that holds the same wrong bytes across a barrier is a mismatch', async () => {
  expect(await looking({ a: 1, b: 1 }, { a: 1 })).toMatchObject({
    mismatches: 1,
    changing: 0,
    differences: [{ key: 'a' }],
  });
});

test('case 53: a key that changes at every look is no false alarm, and hides no copy that stands', async () => {
  const looks = [1, 2, 3, 4, 5, 6].map((held) => ({ hot: held, wrong: 7 }));
  expect(await looking(...looks)).toMatchObject({ mismatches: 1, changing: 1, differences: [{ key: 'wrong' }] });
});

test('what differs is compared again with the same truth, and no more of it is left out', async () => {
  const asked: CompareOptions[] = [];
  await verifying({ against: 'mirror', listsAll: true, sample: 5, perSecond: 7 }, [{ a: 1 }], asked);
  expect(asked).toEqual([
    { against: 'mirror', listsAll: true, sample: 5, perSecond: 7 },
    { against: 'mirror', listsAll: true, among: new Map([['account', new Map([['a', 1]])]]) },
  ]);
});
