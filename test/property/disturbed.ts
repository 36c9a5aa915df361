import { type Database, SyncError } from '@friend-sync/sync-service';

export type Cut = 'before the commit' | 'after the commit';

/**
 * The same database, but its `nth` transaction from now on loses its connection: with all statements run and nothing
 * committed, or committed and nobody told. `killer` is another connection to the server.
 */
export function cutting(database: Database, killer: Database, nth: number, when: Cut): Database {
  let count = 0;
  const lost = () => new SyncError('store_unavailable', 'the test cut the connection');
  return {
    ...database,
    async transaction(doing, work) {
      if (++count !== nth) return database.transaction(doing, work);
      if (when === 'after the commit') {
        await database.transaction(doing, work);
        throw lost();
      }
      return database.transaction(doing, async (tx) => {
        const [row] = await tx.rows('asking for the connection', 'SELECT CONNECTION_ID() AS id');
        await work({ ...tx, roundTrip: (statements) => tx.roundTrip(statements) });
        await killer.write('killing the connection', `KILL ${row?.id}`);
        throw lost();
      });
    },
  };
}

/** The same database, but its `nth` transaction from now on says that it `stalls`, and does not begin before the gate opens. */
export function stalling(database: Database, nth: number, gate: Promise<void>, stalls: () => void): Database {
  let count = 0;
  return {
    ...database,
    async transaction(doing, work) {
      if (++count === nth) {
        stalls();
        await gate;
      }
      return database.transaction(doing, work);
    },
  };
}

/** After a cut or a deadlock a daemon tries again; anything else is a failure. */
export function tryAgain(error: unknown): void {
  const isExpected = error instanceof SyncError && ['store_unavailable', 'store_contended'].includes(error.kind);
  if (!isExpected) throw error;
}
