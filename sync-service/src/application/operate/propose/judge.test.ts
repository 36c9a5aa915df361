import { expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Likeness } from './match.ts';

const sample = (found: number, equal: number, more: { empty?: number; byChance?: number } = {}) => ({
  found,
  equal,
  empty: 0,
  byChance: 0,
  ...more,
});

test.each([
  ['clear', 'text', 'nick', sample(200, 197), true, /197 of 200 sampled copies hold the same$/],
  ['clear', 'text', 'nick', sample(200, 140), true, /140 of 200 .*CHECK/],
  ['clear', 'text', 'nick', sample(200, 60), false, /60 of 200 .*: too few/],
  ['likely', 'text', 'nick', sample(200, 0, { empty: 200 }), true, /0 of 200 .*, 200 are empty$/],
  ['clear', 'text', 'nick', sample(0, 0), true, /nothing to compare yet$/],
  ['clear', 'text', 'nick', undefined, true, /no copies were sampled$/],
  ['unsaid', 'text', 'nick', sample(200, 190), true, /190 of 200/],
  ['unsaid', 'text', 'nick', sample(200, 140), false, /140 of 200/],
  ['unsaid', 'text', 'nick', sample(10, 10), false, /the names alone do not tell$/],
  ['vague', 'text', 'title', sample(200, 200), true, /200 of 200/],
  ['clear', 'integer', 'level', sample(200, 199), true, /199 of 200/],
  ['clear', 'integer', 'level', sample(200, 199, { byChance: 150 }), false, /the names alone do not tell$/],
  ['clear', 'integer', 'level', sample(0, 0), false, /the names alone do not tell$/],
  ['clear', 'text', 'price', sample(200, 200), false, /200 of 200 .*: an amount/],
  ['unsaid', 'decimal', 'weight', sample(200, 120), false, /120 of 200 .*: an amount/],
] as const)(
  'a pair whose names are %s, of %s, %s: with %j it is proposed: %s',
  (likeness, kind, column, sampled, isProposed, why) => {
    const verdict = judge({ column, from: column, likeness: likeness as Likeness }, kind, sampled);
    expect(verdict).toMatchObject({ isProposed, why: expect.stringMatching(why) });
  },
);

test('what many tables have, and does not hold the same, is not worth a word', () => {
  const vague = { column: 'name', from: 'name', likeness: 'vague' } as const;
  expect(judge(vague, 'text', sample(200, 3))).toBeUndefined();
  expect(judge(vague, 'text', undefined)).toBeUndefined();
  expect(judge(vague, 'integer', sample(200, 150, { byChance: 150 }))).toBeUndefined();
});
