import { expect, test } from 'vitest';
import { Random } from './random.ts';
import { nextVersions, numberOf } from './version.ts';

test('every version carries its number, names that come back too', () => {
  const random = new Random(1, 'test');
  let n = 1;
  for (let i = 0; i < 500; i++)
    for (const { nick, head } of nextVersions(random, 17, n)) expect(numberOf([nick, head])).toBe(n++);
  expect(n).toBeGreaterThan(510);
});
