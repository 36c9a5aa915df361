import { expect, test } from 'vitest';
import { describeReset, exportOffsets, importOffsets } from './reset-offsets.ts';

const move = (partition: number, from: bigint, to: bigint, wanted = to) => ({
  source: 'user',
  topic: 't',
  partition,
  from,
  to,
  wanted,
});

test('case 2, 65: a plan says which partitions go back and how many messages that is at most, and which skip how many', () => {
  const [back, forward, ...more] = describeReset([
    move(0, 50n, 20n),
    move(1, 10n, 5n),
    move(2, 7n, 9n),
    move(3, 1n, 1n),
  ]);
  expect(back).toMatch(/^back: t:0, t:1; at most 35 messages .*No copy can step back/);
  expect(forward).toMatch(/^forward: t:2; 2 offsets are skipped for good.*--then-backfill reads every row of user/);
  expect(more).toEqual([]);
  expect(describeReset([move(0, 1n, 1n)])).toEqual(['nothing to move']);
});

test('case 63: a plan says where it is not what was asked for', () => {
  const plan = describeReset([move(0, 50n, 20n, 0n), move(1, 50n, 60n, 70n)]);
  expect(plan.slice(0, 2)).toEqual([
    expect.stringMatching(/^t:0: 0 was asked for, and 20 is the first that may be read again/),
    't:1: 70 was asked for, and 60 is where it ends',
  ]);
});

test('offsets that were exported are imported as they were, those of Kafka’s own tool as well', () => {
  const exported = exportOffsets([move(0, 5n, 2n), move(1, 2n ** 60n, 2n ** 60n)]);
  expect(exported).toBe(`t,0,2\nt,1,${2n ** 60n}`);
  const target = importOffsets(`${exported}\r\n"another.topic",0,7\n`);
  const offsets = new Map([
    ['t:0', 2n],
    ['t:1', 2n ** 60n],
    ['another.topic:0', 7n],
  ]);
  expect(target).toEqual({ kind: 'listed', offsets });
});

test('a line that is none is named by its number', () => {
  expect(() => importOffsets('t,0,1\nt,0,-1')).toThrow('line 2 is not topic,partition,offset');
});
