import { expect, test } from 'vitest';
import { Random } from './random.ts';

const draws = (random: Random) => Array.from({ length: 10 }, () => random.between(0, 1_000_000));

test('the same seed and name draw the same, any other seed or name does not', () => {
  const some = [1, 2, 3, 10, 11].flatMap((seed) =>
    ['storm', 'fault 1', 'fault 2'].map((name) => [seed, name] as const),
  );
  const first = some.map(([seed, name]) => draws(new Random(seed, name)));
  expect(some.map(([seed, name]) => draws(new Random(seed, name)))).toEqual(first);
  expect(new Set(first.map(String)).size).toBe(some.length);
});

test('a shuffle keeps every item', () => {
  expect(new Random(1, 'shuffle').shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
});
