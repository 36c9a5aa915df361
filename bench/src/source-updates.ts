import { setTimeout as delay } from 'node:timers/promises';
import { updateSomebody } from '@friend-sync/demo';
import type { Database } from '@friend-sync/sync-service';

const PER_SECOND = 200;
/** As many as the pool has connections. */
const WRITERS = 4;

export interface SourceUpdates {
  /** Ends after the updates under way; returns how many a second there were. */
  stop(): Promise<number>;
}

/** The user service at work: random users change, 200 a second, or as many as its server takes if that is less. */
export function startSourceUpdates(user: Database, users: number): SourceUpdates {
  const began = performance.now();
  let count = 0;
  let isStopped = false;
  const write = async () => {
    while (!isStopped) {
      const n = ++count;
      await delay(Math.max(0, began + (n * 1_000) / PER_SECOND - performance.now()));
      await updateSomebody(user, n, users);
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  return {
    async stop() {
      isStopped = true;
      await Promise.all(writers);
      return Math.round(count / ((performance.now() - began) / 1_000));
    },
  };
}
