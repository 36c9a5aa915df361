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

test.each([
  [0, false],
  [1, true],
])('with %i a second, and the stream on probation, a change is proofread: %s', async (perSecond, isRead) => {
  vi.useFakeTimers();
  const asksHeld = vi.fn(() => Number.POSITIVE_INFINITY);
  const options = { perSecond, settler: { held: asksHeld }, log: createLogger('fatal') };
  const proofreading = new Proofreading(options as unknown as ProofreadingOptions);
  proofreading.beginProbation();
  proofreading.heard([HEARD]);
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  await proofreading[Symbol.asyncDispose]();
  expect(asksHeld.mock.calls.length > 0).toBe(isRead);
});
