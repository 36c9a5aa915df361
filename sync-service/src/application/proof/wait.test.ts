import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SyncError } from '../../errors.ts';
import { waiting } from './wait.ts';

// The fake clock does not know this one.
vi.mock('node:timers/promises', () => ({ setTimeout: (ms: number) => new Promise((done) => setTimeout(done, ms)) }));
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('of a step that is not reached within seconds somebody is told with what is in its way, and again every ten', async () => {
  const told: string[] = [];
  const until = Date.now() + 35_000;
  const isReached = async () => Date.now() >= until;
  const wait = waiting(60_000, { onWait: (step) => void told.push(step) });
  const reached = wait('keys are pending', isReached, async () => `: ${told.length} before`);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(told).toEqual(['keys are pending: 0 before']);
  await vi.advanceTimersByTimeAsync(32_000);
  await reached;
  expect(told).toHaveLength(4);
});

test('a clock that is set back does not make a wait longer', async () => {
  const wait = waiting(10_000)('keys are pending', async () => false).catch((error) => error);
  await vi.advanceTimersByTimeAsync(5_000);
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(await Promise.race([wait, 'waits'])).toMatchObject({ kind: 'pipeline_stuck' });
});

test('where something is missing it is not waited for any longer', async () => {
  const onWait = async () => {
    throw new SyncError('pipeline_stuck', 'no daemon runs');
  };
  const waited = expect(waiting(3_600_000, { onWait })('keys are pending', async () => false)).rejects.toThrow(
    'no daemon',
  );
  await vi.advanceTimersByTimeAsync(3_500);
  await waited;
});

test('a server that does not answer is told of like any other obstacle, and is waited for no longer than the deadline', async () => {
  const told: string[] = [];
  const silent = () => new Promise<never>(() => {});
  const wait = waiting(20_000, {
    onWait: (step) => void told.push(step),
    obstacles: async () => ['connector some is STOPPED'],
  });
  const failed = expect(wait('some has not sent', silent, silent)).rejects.toThrow(
    'not caught up within 20000 ms: some has not sent; connector some is STOPPED',
  );
  await vi.advanceTimersByTimeAsync(6_500);
  expect(told).toEqual(['some has not sent; connector some is STOPPED']);
  await vi.advanceTimersByTimeAsync(20_000);
  await failed;
});

test('what a step names as its obstacle is not told a second time', async () => {
  const wait = waiting(0, { obstacles: async () => ['it is STOPPED', 'it is lost'] });
  const failed = expect(
    wait(
      'waiting',
      async () => false,
      async () => ': it is STOPPED',
    ),
  ).rejects.toThrow(/: waiting: it is STOPPED; it is lost$/);
  await vi.advanceTimersByTimeAsync(3_000);
  await failed;
});
