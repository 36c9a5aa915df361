import type { Store } from '../../infrastructure/mysql/store.ts';
import { repeat } from './repeat.ts';

const EVERY_MS = 2_000;

/** Says in the friend database that this daemon runs, until it is disposed. */
export async function announceDaemon({ database, daemons }: Store): Promise<AsyncDisposable> {
  // A store that cannot be written is ingest's trouble to report.
  const beSeen = () => daemons.beSeen(database).catch(() => {});
  await beSeen();
  const repeating = repeat(EVERY_MS, beSeen);
  return {
    async [Symbol.asyncDispose]() {
      await repeating[Symbol.asyncDispose]();
      await daemons.leave(database).catch(() => {});
    },
  };
}
