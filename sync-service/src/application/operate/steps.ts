import { SyncError, toSyncError } from '../../errors.ts';

/** Longer than any wait that a step has of its own, which says more when it ends. */
export const STEP_MS = 90_000;

/** What may be done again whatever has become of it before. */
export interface Step {
  /** What it is doing, as an operator reads it. */
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export type OnStep = (told: string) => void;

/**
 * Runs the steps one after another, telling each before it begins. Fails with the name of the one that did, that took too
 * long, or that was not waited for any longer because of the signal.
 */
export async function runSteps(steps: readonly Step[], onStep: OnStep, signal?: AbortSignal): Promise<void> {
  for (const [index, { name, run }] of steps.entries()) {
    const told = `step ${index + 1} of ${steps.length}, ${name}`;
    onStep(told);
    try {
      await within(STEP_MS, run, signal);
    } catch (cause) {
      const { kind, message, policy } = toSyncError(cause);
      throw new SyncError(kind, `${told}: ${message}`, { cause, hint: policy.hint });
    }
  }
}

async function within(ms: number, run: Step['run'], signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw new SyncError('aborted', 'not begun');
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const cut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SyncError('pipeline_stuck', `not done within ${ms} ms`)), ms);
    const abort = () => reject(new SyncError('aborted', 'broken off'));
    signal?.addEventListener('abort', abort, { signal: ended.signal });
  });
  await Promise.race([run(), cut]).finally(() => {
    clearTimeout(timer);
    ended.abort();
  });
}
