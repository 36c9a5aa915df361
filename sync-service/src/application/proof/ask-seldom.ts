import { setTimeout as delay } from 'node:timers/promises';

/**
 * `ask`, but no more often than this. Calls that come before it is asked the next time share that answer; no answer is to a
 * question that was asked before the call.
 */
export function askSeldom<T>(ask: () => Promise<T>, everyMs: number): () => Promise<T> {
  let next: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    next ??= (async () => {
      await delay(Math.max(0, askedAt + everyMs - performance.now()));
      askedAt = performance.now();
      // Whoever calls from now on gets the answer after this one.
      next = undefined;
      return ask();
    })();
    return next;
  };
}
