import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { within } from '../../within.ts';

const POLL_MS = 100;
/** What is waited for is told after so long, and then again and again. */
const TELL_AFTER_MS = 3_000;
const TELL_EVERY_MS = 10_000;
/** A server that does not answer keeps nobody from saying so for longer. */
const LOOK_MS = 1_000;
const OBSTACLE_MS = 2_000;

/**
 * Looks again and again until it is reached; throws when it took too long, naming step and obstacle, and what `alive`
 * and `onWait` throw meanwhile. A look that takes long is waited for no longer than that.
 */
export type Wait = (step: string, isReached: () => Promise<boolean>, obstacle?: () => Promise<string>) => Promise<void>;

/** Told of a step that has not been reached for a while, and of what is in its way. */
export type OnWait = (step: string) => void | Promise<void>;

export interface WaitOptions {
  readonly pollMs?: number;
  /** Called after each look. */
  readonly alive?: () => Promise<void>;
  readonly onWait?: OnWait;
  /** What may be in the way of every step. */
  readonly obstacles?: () => Promise<readonly string[]>;
}

/** Waits that share one deadline. */
export function waiting(deadlineMs: number, { pollMs = POLL_MS, alive, onWait, obstacles }: WaitOptions = {}): Wait {
  const until = performance.now() + deadlineMs;
  return async (step, isReached, obstacle = async () => '') => {
    let looking: Promise<boolean> | undefined;
    for (let tellAt = performance.now() + TELL_AFTER_MS; ; ) {
      looking ??= isReached();
      const reached = await within(LOOK_MS, looking);
      if (reached) return;
      if (reached === false) looking = undefined;
      if (performance.now() > until) {
        const told = await withObstacles(step, obstacle, obstacles);
        throw new SyncError('pipeline_stuck', `not caught up within ${deadlineMs} ms: ${told}`);
      }
      if (onWait && performance.now() >= tellAt) {
        await onWait(await withObstacles(step, obstacle, obstacles));
        tellAt = performance.now() + TELL_EVERY_MS;
      }
      if (reached === false) await delay(pollMs);
      await alive?.();
    }
  };
}

/** Waits for an answer as for a step. */
export async function answerTo<T>(waitUntil: Wait, step: string, ask: () => Promise<T>): Promise<T> {
  const answers: T[] = [];
  await waitUntil(step, async () => answers.push(await ask()) > 0);
  return answers[0] as T;
}

async function withObstacles(
  step: string,
  obstacle: () => Promise<string>,
  obstacles: () => Promise<readonly string[]> = async () => [],
): Promise<string> {
  const ask = <T>(work: Promise<T>) => within(OBSTACLE_MS, work).catch(() => undefined);
  const [own = '', others = []] = await Promise.all([ask(obstacle()), ask(obstacles())]);
  const told = step + own;
  return [told, ...others.filter((other) => !told.includes(other))].join('; ');
}
