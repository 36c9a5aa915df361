import type { RoundReport } from '../../infrastructure/mysql/round-store.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { requireDaemon } from '../proof/require-daemon.ts';
import { waiting } from '../proof/wait.ts';

const POLL_MS = 250;

/** A round that was asked for. */
export interface RoundTicket {
  readonly source: string;
  readonly request: bigint;
}

/** Returns when every round has ended that was asked for. Fails at once where no daemon runs that would do it. */
export async function awaitRounds(
  store: Store,
  tickets: readonly RoundTicket[],
  deadlineMs: number,
  onProgress: (source: string, report: RoundReport) => void = () => {},
): Promise<void> {
  const waitUntil = waiting(deadlineMs, { pollMs: POLL_MS, onWait: () => requireDaemon(store) });
  for (const { source, request } of tickets)
    await waitUntil(`the round over ${source} has not ended`, async () => {
      const report = await store.sources.get(source)?.round.report(store.database);
      if (!report || report.servedRequests >= request) return true;
      onProgress(source, report);
      return false;
    });
}
