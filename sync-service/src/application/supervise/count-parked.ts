import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Metrics } from '../../metrics.ts';
import { repeat } from './repeat.ts';

/** Keeps the number of parked keys, which no single attempt can tell. While the friend database is away it stays as it was. */
export function countParked({ database, sources }: Store, { parked }: Metrics, intervalMs: number): AsyncDisposable {
  return repeat(intervalMs, async () => {
    for (const [source, { pending }] of sources) {
      const counted = await pending.count(database).catch(() => undefined);
      if (counted) parked.set({ source }, counted.parked);
    }
  });
}
