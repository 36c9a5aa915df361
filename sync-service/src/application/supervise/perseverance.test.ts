import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SyncError } from '../../errors.ts';
import { createLogger, type Logger } from '../../log.ts';
import { Health } from './health.ts';
import { Perseverance } from './perseverance.ts';

// The fake clock does not know this one.
vi.mock('node:timers/promises', () => ({ setTimeout: (ms: number) => new Promise((done) => setTimeout(done, ms)) }));
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('what halts is looked at again within seconds though the clock is set back meanwhile', async () => {
  const health = new Health();
  const perseverance = new Perseverance(health, createLogger('silent'), 60_000);
  let isMended = false;
  const work = async () => {
    if (!isMended) throw new SyncError('contract_broken', 'for now');
  };
  let goesOn = false;
  void perseverance.run('a part', new AbortController().signal, work).then(() => {
    goesOn = true;
  });
  await vi.advanceTimersByTimeAsync(1_500);
  isMended = true;
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(goesOn).toBe(true);
  expect(health.troubles).toEqual([]);
});

test.each([
  [true, ['goes on']],
  [false, ['is given up here']],
])(
  'what stood still is said to go on only where it does (%s), not where the daemon is stopped',
  async (isMended, told) => {
    const said: unknown[] = [];
    const log = { error() {}, info: (_: unknown, message: string) => said.push(message) } as unknown as Logger;
    const stopping = new AbortController();
    let attempts = 0;
    const work = async () => {
      if (attempts++ === 0 || !isMended) throw new SyncError('store_misconfigured', 'no tables yet');
    };
    const running = new Perseverance(new Health(), log, 60_000).run('a part', stopping.signal, work).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    if (!isMended) stopping.abort();
    await vi.advanceTimersByTimeAsync(20_000);
    await running;
    expect(said).toEqual(told);
  },
);
