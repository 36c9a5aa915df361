import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('so many run at a time; what is urgent goes before what waits, and a failure gives its turn on', async () => {
  const turns = new Turns(1);
  const began: string[] = [];
  let end = () => {};
  const first = turns.take(false, () => new Promise<void>((ended) => (end = ended)));
  const take = (name: string, isUrgent: boolean) =>
    turns.take(isUrgent, async () => {
      began.push(name);
      throw new Error(name);
    });
  const rest = [take('page', false), take('another page', false), take('due key', true)];
  expect(began).toEqual([]);
  end();
  await first;
  await Promise.allSettled(rest);
  expect(began).toEqual(['due key', 'page', 'another page']);
  await turns.take(false, async () => began.push('last'));
  expect(began).toHaveLength(4);
});
