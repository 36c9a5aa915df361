import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';

const POLL_MS = 100;
/** What is waited for is told after so long, and then again and again. */
const TELL_AFTER_MS = 3_000;
const TELL_EVERY_MS = 10_000;

/**
 * Looks again and again until it is reached; throws when it took too long, naming step and obstacle, and what `alive`
 * and `onWait` throw meanwhile.
 */
export type Wait = (step: string, isReached: () => Promise<boolean>, obstacle?: () => Promise<string>) => Promise<void>;

/** Told of a step that has not been reached for a while, and of what is in its way. */
export type OnWait = (step: string) => void | Promise<void>;

export interface WaitOptions {
  readonly pollMs?: number;
  /** Called after each look. */
  readonly alive?: () => Promise<void>;
  readonly onWait?: OnWait;
}

/** Waits that share one deadline. */
export function waiting(deadlineMs: number, { pollMs = POLL_MS, alive, onWait }: WaitOptions = {}): Wait {
  const until = Date.now() + deadlineMs;
  return async (step, isReached, obstacle = async () => '') => {
    for (let tellAt = Date.now() + TELL_AFTER_MS; !(await isReached()); ) {
      if (Date.now() > until)
        throw new SyncError('pipeline_stuck', `not caught up within ${deadlineMs} ms: ${step}${await obstacle()}`);
      if (onWait && Date.now() >= tellAt) {
        await onWait(`${step}${await obstacle()}`);
        tellAt = Date.now() + TELL_EVERY_MS;
      }
      await delay(pollMs);
      await alive?.();
    }
  };
}
