import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { askSeldom } from './ask-seldom.ts';

test('calls that wait for one question share its answer, and one that comes while it is asked gets the next', async () => {
  const questions: ((answer: number) => void)[] = [];
  const ask = askSeldom(() => new Promise<number>((answer) => questions.push(answer)), 20);
  const first = [ask(), ask()];
  await expect.poll(() => questions.length).toBe(1);
  const second = [ask(), ask()];
  questions[0]?.(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  await expect.poll(() => questions.length).toBe(2);
  questions[1]?.(2);
  expect(await Promise.all(second)).toEqual([2, 2]);
});

test('however often it is called, it asks no more often than it may', async () => {
  const askedAt: number[] = [];
  const ask = askSeldom(async () => askedAt.push(performance.now()), 30);
  for (const until = performance.now() + 200; performance.now() < until; await delay(1)) await ask();
  for (const [i, at] of askedAt.entries()) if (i > 0) expect(at - (askedAt[i - 1] ?? 0)).toBeGreaterThan(28);
});

test('one that fails, fails for those who waited for it, and the next is asked again', async () => {
  let count = 0;
  const ask = askSeldom(async () => {
    if (++count === 1) throw new Error('no answer');
    return count;
  }, 1);
  await expect(ask()).rejects.toThrow('no answer');
  expect(await ask()).toBe(2);
});
