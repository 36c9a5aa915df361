import type { SourceMapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import type { Key } from '../../domain/change.ts';
import { requestRepair, tooManyGone } from './repair.ts';

const keys = (count: number) => new Set<Key>(Array.from({ length: count }, (_, i) => BigInt(i)));
const sources = ['few', 'many', 'none'].map((name) => ({ name }) as SourceMapping);
const found = {
  differing: new Map([['many', new Map([['x', 1]])]]),
  orphaned: new Map([
    ['few', keys(100)],
    ['many', keys(101)],
  ]),
};

/** What a repair asks for: by source, how many keys are read, and of how many it counts as deleted what is not there. */
async function asked(confirmed?: number) {
  const requests: [string, number, boolean][] = [];
  const request = await requestRepair(
    {
      sources,
      async requestReads({ name }, some, options) {
        requests.push([name, some.length, options?.takesGone ?? false]);
      },
    },
    found,
    confirmed,
  );
  return { requests, request };
}

test('case 26: a repair counts no more keys as deleted than may be gone without asking; the rest of it is done', async () => {
  expect(tooManyGone(found)).toEqual(new Map([['many', 101]]));
  expect(await asked()).toEqual({
    requests: [
      ['few', 100, true],
      ['many', 1, false],
    ],
    request: { readKeys: 101, goneKeys: 100 },
  });
});

test('so many as somebody has confirmed', async () => {
  expect((await asked(101)).requests).toContainEqual(['many', 101, true]);
  expect((await asked(100)).requests).not.toContainEqual(['many', 101, true]);
});
