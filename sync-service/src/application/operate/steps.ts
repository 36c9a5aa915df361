import { SyncError, toSyncError } from '../../errors.ts';

/** Longer than any wait that a step has of its own, which says more when it ends. */
const STEP_MS = 90_000;

/** What may be done again whatever has become of it before. */
export interface Step {
  /** What it is doing, as an operator reads it. */
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export type OnStep = (told: string) => void;

/** Runs the steps one after another, telling each before it begins. Fails with the name of the one that did, or that took too long. */
export async function runSteps(steps: readonly Step[], onStep: OnStep): Promise<void> {
  for (const [index, { name, run }] of steps.entries()) {
    const told = `step ${index + 1} of ${steps.length}, ${name}`;
    onStep(told);
    try {
      await within(STEP_MS, run());
    } catch (cause) {
      const { kind, message } = toSyncError(cause);
      throw new SyncError(kind, `${told}: ${message}`, { cause });
    }
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SyncError('source_unavailable', `not done within ${ms} ms`)), ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
