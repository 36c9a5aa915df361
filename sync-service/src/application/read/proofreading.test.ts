import { expect, test, vi } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { createLogger } from '../../log.ts';
import { Proofreading, type ProofreadingOptions } from './proofreading.ts';

const HEARD: Change = {
  source: 'account',
  key: 1n,
  kind: 'row',
  values: [],
  position: { epoch: 1, partition: 0, offset: 0n },
  gtid: null,
  committedAtMs: null,
};

/** Whether a change that was heard has been proofread after so many seconds. */
async function isReadAfter(seconds: number, perSecond: number, isOnProbation: boolean): Promise<boolean> {
  vi.useFakeTimers();
  const asksHeld = vi.fn(() => Number.POSITIVE_INFINITY);
  const options = { perSecond, settler: { held: asksHeld }, log: createLogger('fatal') };
  const proofreading = new Proofreading(options as unknown as ProofreadingOptions);
  if (isOnProbation) proofreading.beginProbation();
  proofreading.heard([HEARD]);
  await vi.advanceTimersByTimeAsync(seconds * 1_000);
  vi.useRealTimers();
  await proofreading[Symbol.asyncDispose]();
  return asksHeld.mock.calls.length > 0;
}

test.each([
  [0, false],
  [1, true],
])('with %i a second, and the stream on probation, a change is proofread: %s', async (perSecond, isRead) => {
  expect(await isReadAfter(1, perSecond, true)).toBe(isRead);
});

test('a change of a stream that is not on probation is proofread within three seconds', async () => {
  expect(await isReadAfter(3, 1, false)).toBe(true);
  expect(await isReadAfter(3, 0, false)).toBe(false);
});
