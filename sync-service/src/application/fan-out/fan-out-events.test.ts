import { expect, test, vi } from 'vitest';
import { SyncError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Metrics } from '../../metrics.ts';
import { Health } from '../supervise/health.ts';
import type { Brake } from './brake.ts';
import { fanOutEvents } from './fan-out-events.ts';

test('of thousands of keys that a copy refuses, the log names one a minute and counts the others; each copy has lines of its own', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const told: unknown[] = [];
  const warn = ({ copy, key, unnamed }: Record<string, unknown>) => told.push([copy, key, unnamed]);
  const log = { warn, debug() {} } as unknown as Logger;
  const { onPostponed } = fanOutEvents(new Metrics(), {} as Brake, new Health(), log, undefined);
  const refused = new SyncError('store_refused', 'd.friend, column nick: ER_DATA_TOO_LONG');
  for (let key = 1n; key <= 1_000n; key++) onPostponed('account', refused, key, 'friend');
  onPostponed('account', refused, 1n, 'member');
  vi.advanceTimersByTime(60_000);
  onPostponed('account', refused, 7n, 'friend');
  vi.useRealTimers();
  expect(told).toEqual([
    ['friend', '1', 0],
    ['member', '1', 0],
    ['friend', '7', 999],
  ]);
});
