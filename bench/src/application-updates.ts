import type { Database } from '@friend-sync/sync-service';

export interface ApplicationUpdates {
  /** Ends after the update under way; returns how long each took, in milliseconds. */
  stop(): Promise<number[]>;
}

/**
 * The friend service beside the fan-out: one update of one copy after another, of a column that is not mapped. `nextCopy`
 * says which.
 */
export function startApplicationUpdates(friend: Database, table: string, nextCopy: () => number): ApplicationUpdates {
  const durations: number[] = [];
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      const began = performance.now();
      await friend.write('application', `UPDATE ${table} SET remark = remark + 1 WHERE id = ?`, [nextCopy()]);
      durations.push(performance.now() - began);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
      return durations;
    },
  };
}
