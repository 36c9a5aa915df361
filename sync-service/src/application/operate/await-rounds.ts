import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import type { RoundReport } from '../../infrastructure/mysql/round-store.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

const POLL_MS = 250;

/** A round that was asked for. */
export interface RoundTicket {
  readonly source: string;
  readonly request: bigint;
}

/**
 * Returns when every round has ended that was asked for. Fails at once where no daemon runs that would do it, and with
 * `rows_gone` where one has found more rows gone than it takes as deleted.
 */
export async function awaitRounds(
  { database, sources, daemons }: Store,
  tickets: readonly RoundTicket[],
  deadlineMs: number,
  onProgress: (source: string, report: RoundReport) => void = () => {},
): Promise<void> {
  const until = Date.now() + deadlineMs;
  for (const { source, request } of tickets) {
    for (;;) {
      const report = await sources.get(source)?.round.report(database);
      if (!report || report.servedRequests >= request) break;
      if ((await daemons.count(database)) === 0)
        throw new SyncError('pipeline_stuck', 'no daemon runs, so nobody reads the rows; friend-sync start runs one');
      if (Date.now() > until)
        throw new SyncError('pipeline_stuck', `the round over ${source} has not ended within ${deadlineMs} ms`);
      onProgress(source, report);
      await delay(POLL_MS);
    }
  }
}
