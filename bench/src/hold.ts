import type { Database } from '@friend-sync/sync-service';

/** Of a daemon that may be held: ingest waits for the lock in one statement, and goes on at once when it is free. */
export const HOLDABLE = { 'fanOut.lockWaitSeconds': 600 };

/** Keeps ingest of all daemons waiting while something is done. */
export function whileHeld<T>(friend: Database, work: () => Promise<T>): Promise<T> {
  return friend.transaction('holding ingest', async (tx) => {
    await tx.rows('holding ingest', 'SELECT * FROM friend_sync.consumed FOR UPDATE');
    return work();
  });
}
