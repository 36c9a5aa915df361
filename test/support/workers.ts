import type { SyncError } from '@friend-sync/sync-service';
import { pino } from 'pino';
import { expect } from 'vitest';
import { Brake } from '../../sync-service/src/application/fan-out/brake.ts';
import { FanOut } from '../../sync-service/src/application/fan-out/fan-out.ts';
import { Health } from '../../sync-service/src/application/supervise/health.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import type { FriendServer } from './friend-server.ts';
import { PATIENCE_MS } from './scale.ts';

export interface Workers extends AsyncDisposable {
  /** See `FanOut.tellWaiting`. */
  tellWaiting(source: string, partition: string, changes: number): void;
  /** What keeps them from going on. */
  readonly health: Health;
  /** Every fault for which a key had to wait. */
  readonly postponed: SyncError[];
  /** Waits until nothing is pending. */
  settled(): Promise<void>;
}

/** The fan-out of one daemon, running until it is disposed. */
export function startWorkers({ store, friend }: Pick<FriendServer, 'store' | 'friend'>): Workers {
  const postponed: SyncError[] = [];
  const health = new Health();
  const log = pino({ level: 'silent' });
  const fanOut = new FanOut(
    store,
    { workers: 2, claimKeys: 100, chunkRows: 1_000, leaseMs: 15_000 },
    { onWritten() {}, onApplied() {}, onPostponed: (_, error) => postponed.push(error), onFit() {} },
    new Perseverance(health, log, 1_000),
    new Brake(store, [], { threadsRunning: 1_000, replicaLagSeconds: 1_000 }),
    () => {},
  );
  fanOut.start();
  return {
    tellWaiting: (...told) => fanOut.tellWaiting(...told),
    health,
    postponed,
    async settled() {
      const count = async () => {
        const counts = [...store.sources.values()].map(({ pending }) => pending.count(friend));
        return (await Promise.all(counts)).map(({ pending }) => pending);
      };
      await expect.poll(count, { timeout: PATIENCE_MS, interval: 20 }).toEqual([...store.sources].map(() => 0));
    },
    [Symbol.asyncDispose]: () => fanOut.stop(),
  };
}
