import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { SourceStore } from '../../infrastructure/mysql/store.ts';

/** An operator may name a million keys. */
const KEYS_A_TRANSACTION = 5_000;

export interface ReadOptions {
  /** Those that the source does not have count as deleted. */
  readonly takesGone?: boolean;
  /** So many keys have been asked for in all. */
  readonly onAsked?: (keys: number) => void;
}

/** Asks a daemon to read the rows of these keys, and to make their copies equal; returns how many they are. */
export async function requestReads(
  database: Database,
  { pending, due }: SourceStore,
  keys: readonly Key[] | AsyncIterable<readonly Key[]>,
  { takesGone, onAsked }: ReadOptions = {},
): Promise<number> {
  let asked = 0;
  for await (const page of 'length' in keys ? [keys] : keys)
    for (const some of inPages(page, KEYS_A_TRANSACTION)) {
      await database.transaction('asking for reads', async (tx) => {
        await pending.mark(tx, some);
        await due.mark(tx, some, takesGone === undefined ? {} : { takesGone });
      });
      asked += some.length;
      onAsked?.(asked);
    }
  return asked;
}

/** Has the copies of these keys made equal to the mirror again, whether or not they differ. */
export async function markPending(database: Database, { pending }: SourceStore, keys: readonly Key[]): Promise<void> {
  for (const some of inPages(keys, KEYS_A_TRANSACTION)) await pending.mark(database, some);
}

/** Has what a target or the mirror refuses tried again at once; returns how many keys. */
export async function retryParked(database: Database, { pending, due }: SourceStore): Promise<number> {
  return (await pending.retryParked(database)) + (await due.retryRefused(database));
}
