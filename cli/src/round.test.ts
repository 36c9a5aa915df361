import type { RoundReport } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { describeRound } from './round.ts';

test.each([
  [{ leg: undefined, rowCount: 0 }, 'it has not begun yet'],
  [{ leg: 'source', rowCount: 0 }, 'reading and writing the first rows (20 s)'],
  [{ leg: 'source', rowCount: 400 }, '400 rows read in 20 s, about 10 s left to read'],
  [{ leg: 'mirror', rowCount: 600 }, '600 rows read in 20 s'],
  [{ leg: 'mirror', rowCount: 0 }, '0 rows read in 20 s'],
  [
    { leg: 'source', rowCount: 600, rowsPerSecond: 30, pausedSince: 'noon' },
    '600 rows read in 20 s, at most 30 rows a second, paused since noon UTC: friend-sync backfill resume',
  ],
])('how far a round is: %j', (report, told) => {
  expect(describeRound({ seconds: 20, lastRowCount: 600, ...report } as RoundReport)).toBe(told);
});
