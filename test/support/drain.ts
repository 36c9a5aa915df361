import { type FanOutLimits, fanOutClaim, type Hold, type SyncError } from '@friend-sync/sync-service';
import type { FriendServer } from './friend-server.ts';

export const LIMITS: FanOutLimits = { chunkRows: 1_000, leaseMs: 15_000 };

/** Fans out every due key, as one worker would; returns the copies written and the faults of keys and targets that must wait. */
export async function drain(
  server: FriendServer,
  limits = LIMITS,
  hold?: Hold,
): Promise<{ written: number; postponed: SyncError[]; unfit: SyncError[] }> {
  const seen = { written: 0, postponed: [] as SyncError[], unfit: [] as SyncError[] };
  const events = {
    onWritten: (copyCount: number) => {
      seen.written += copyCount;
    },
    onApplied() {},
    onPostponed: (_: string, error: SyncError) => seen.postponed.push(error),
    onFit: (_: string, error: SyncError | undefined) => error && seen.unfit.push(error),
  };
  for (const source of server.store.sources.values()) {
    for (;;) {
      const claim = await server.store.database.transaction('claim', (tx) => source.pending.claim(tx, 100));
      if (!claim) break;
      await fanOutClaim(server.store, claim, limits, events, hold);
    }
  }
  return seen;
}

/** The first column of a query on the friend server, in order. */
export async function column(server: Pick<FriendServer, 'friend'>, sql: string): Promise<unknown[]> {
  return (await server.friend.rows('reading', sql)).map((row) => Object.values(row)[0]);
}
