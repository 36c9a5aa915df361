import { expect, test } from 'vitest';
import { TopicHistory } from './topic-history.ts';

function tally(records: [key: number, version: number][], committed: [key: number, versions: number[]][]) {
  const history = new TopicHistory();
  for (const [key, version] of records) history.add(key, version);
  return history.tally(new Map(committed));
}

const TWO_KEYS: [number, number[]][] = [
  [1, [1, 3]],
  [2, [2]],
];

test('a topic that holds every change once and in order has no fault', () => {
  const records: [number, number][] = [
    [2, 2],
    [1, 1],
    [1, 3],
  ];
  expect(tally(records, TWO_KEYS)).toEqual({ records: 3, duplicates: 0, backwards: 0, lost: 0 });
});

test('a repeat of the newest change is a duplicate, one of an older change takes the key back as well', () => {
  const records: [number, number][] = [
    [1, 1],
    [1, 3],
    [2, 2],
    [1, 1],
    [1, 3],
    [2, 2],
  ];
  expect(tally(records, TWO_KEYS)).toEqual({ records: 6, duplicates: 3, backwards: 1, lost: 0 });
});

test('a change that is missing is lost', () => {
  expect(tally([[1, 3]], TWO_KEYS)).toMatchObject({ lost: 2 });
});
