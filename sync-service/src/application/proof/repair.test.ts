import type { SourceMapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import type { Key } from '../../domain/change.ts';
import { type RepairParts, repairCopies, tooManyGone } from './repair.ts';
import type { Verification } from './verify.ts';

const keys = (count: number) => new Set<Key>(Array.from({ length: count }, (_, i) => BigInt(i)));
const sources = ['few', 'many', 'none'].map((name) => ({ name }) as SourceMapping);
const found = {
  copies: 500,
  mismatches: 7,
  held: [],
  parkedCounts: {},
  differing: new Map([['many', new Map([['x', 1]])]]),
  orphaned: new Map([
    ['few', keys(100)],
    ['many', keys(101)],
  ]),
} as unknown as Verification;

/** What a repair asks for (by source, how many keys are read, and of how many it counts as deleted what is not there), and its result. */
async function repaired(confirmed?: number) {
  const requests: [string, number, boolean][] = [];
  const looked: string[] = [];
  const parts: RepairParts = {
    sources,
    async requestReads({ name }, some, options) {
      requests.push([name, some.length, options?.takesGone ?? false]);
    },
    async verify({ among = new Map() }) {
      looked.push(...[...among].map(([source, { size }]) => `${source} ${size}`));
      return { ...found, copies: 1, mismatches: 0, orphaned: new Map(), parkedCounts: { many: 1 } };
    },
    onAsked() {},
  };
  const result = await repairCopies(parts, found, confirmed === undefined ? {} : { confirmed });
  return { requests, looked, result };
}

test('case 26: a repair counts no more keys as deleted than may be gone without asking; the rest of it is done', async () => {
  expect(tooManyGone(found)).toEqual(new Map([['many', 101]]));
  const { requests, looked, result } = await repaired();
  expect(requests).toEqual([
    ['few', 100, true],
    ['many', 1, false],
  ]);
  expect(looked).toEqual(['few 100', 'many 1']);
  expect([...result.orphaned.keys()]).toEqual(['many']);
});

test('what was asked for is compared once more, and of it alone the result is another', async () => {
  const { result } = await repaired();
  expect(result).toMatchObject({ copies: 500, mismatches: 0, parkedCounts: { many: 1 } });
});

test('so many as somebody has confirmed', async () => {
  expect((await repaired(101)).requests).toContainEqual(['many', 101, true]);
  expect((await repaired(100)).requests).not.toContainEqual(['many', 101, true]);
});
