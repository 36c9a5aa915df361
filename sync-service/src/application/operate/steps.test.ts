import { ConnectError } from '@friend-sync/connectors';
import { afterEach, expect, test, vi } from 'vitest';
import { SyncError } from '../../errors.ts';
import { runSteps, type Step } from './steps.ts';

afterEach(() => vi.useRealTimers());

/** Steps `a`, `b`, …, of which the second does this. */
function steps(run: Step['run'], signal?: AbortSignal): { told: string[]; done: string[]; running: Promise<void> } {
  const [told, done]: [string[], string[]] = [[], []];
  const step = (name: string, more: Step['run'] = async () => {}) => ({
    name,
    run: async () => {
      await more();
      done.push(name);
    },
  });
  const running = runSteps([step('a'), step('b', run), step('c')], (name) => told.push(name), signal);
  return { told, done, running };
}

test('each step is told before it runs, and they run in their order', async () => {
  const { told, done, running } = steps(async () => {
    expect(told).toEqual(['step 1 of 3, a', 'step 2 of 3, b']);
  });
  await running;
  expect(done).toEqual(['a', 'b', 'c']);
});

test.each([
  [new SyncError('store_unavailable', 'away'), 'store_unavailable'],
  [new ConnectError('away'), 'connector_failed'],
])('a step that fails is named, with its kind of fault, and is the last: %s', async (error, kind) => {
  const { done, running } = steps(() => Promise.reject(error));
  await expect(running).rejects.toMatchObject({ kind, message: 'step 2 of 3, b: away', cause: error });
  expect(done).toEqual(['a']);
});

test('case 83: a step that hangs ends all the same, and no server is blamed for it', async () => {
  vi.useFakeTimers();
  const { running } = steps(() => new Promise(() => {}));
  const failed = expect(running).rejects.toMatchObject({
    kind: 'pipeline_stuck',
    message: expect.stringMatching(/^step 2 of 3, b: not done within \d+ ms$/),
  });
  await vi.advanceTimersByTimeAsync(600_000);
  await failed;
});

test('a step that is under way when the signal comes is not waited for, and none follows', async () => {
  const stopping = new AbortController();
  const { done, running } = steps(async () => {
    setImmediate(() => stopping.abort());
    return new Promise(() => {});
  }, stopping.signal);
  await expect(running).rejects.toMatchObject({ kind: 'aborted', message: 'step 2 of 3, b: broken off' });
  expect(done).toEqual(['a']);
  await expect(steps(async () => {}, stopping.signal).running).rejects.toMatchObject({ kind: 'aborted' });
});
