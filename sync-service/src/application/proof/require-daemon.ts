import { SyncError } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** Throws where no daemon runs: whoever waits for one need not wait any longer. */
export async function requireDaemon({ database, daemons }: Store): Promise<void> {
  if ((await daemons.running(database)).length === 0)
    throw new SyncError('pipeline_stuck', 'no daemon runs, so nothing is read or applied; friend-sync start runs one');
}
