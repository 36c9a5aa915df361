import type { Condition, Fingerprints } from '../../domain/trouble.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { RecentWork } from './recent-work.ts';
import { repeat } from './repeat.ts';

const EVERY_MS = 2_000;

/** Says in the friend database that this daemon runs and how it fares, and tidies up there, until it is disposed. */
export async function announceDaemon(
  { database, daemons, sources }: Store,
  condition: Condition,
  fingerprints: Fingerprints,
  recent: RecentWork,
): Promise<AsyncDisposable> {
  // A store that cannot be written is ingest's trouble to report.
  const beSeen = () =>
    daemons
      .beSeen(database, {
        state: condition.state,
        troubles: condition.troubles,
        sources: fingerprints,
        figures: recent.figures(),
      })
      .catch(() => {});
  // The looks of all sources are in one table.
  const [some] = sources.values();
  await beSeen();
  const repeating = repeat(EVERY_MS, async () => {
    await beSeen();
    await some?.reads.forgetOldLooks(database).catch(() => {});
  });
  return {
    async [Symbol.asyncDispose]() {
      await repeating[Symbol.asyncDispose]();
      await daemons.leave(database).catch(() => {});
    },
  };
}
