import { SyncError } from '../../errors.ts';
import type { RoundReport } from '../../infrastructure/mysql/state/round-store.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { within } from '../../within.ts';
import { requireDaemon } from '../proof/require-daemon.ts';
import { standstills } from '../proof/standstill.ts';
import type { Stream } from '../proof/streams.ts';
import { type OnWait, waiting } from '../proof/wait.ts';

const POLL_MS = 250;
/** Whether a daemon runs is asked for so long. */
const REQUIRE_MS = 2_000;

/** A round that was asked for. */
export interface RoundTicket {
  readonly source: string;
  readonly request: bigint;
}

export interface RoundEvents {
  readonly onProgress?: (source: string, report: RoundReport) => void;
  /** Something is in the way. */
  readonly onWait?: OnWait;
}

/**
 * Returns when every round has ended that was asked for; `streams` are those of their sources. Fails at once where no
 * daemon runs that would do it, and where one is stopped.
 */
export async function awaitRounds(
  store: Store,
  streams: readonly Stream[],
  tickets: readonly RoundTicket[],
  deadlineMs: number,
  { onProgress, onWait }: RoundEvents = {},
): Promise<void> {
  const waitUntil = waiting(deadlineMs, {
    pollMs: POLL_MS,
    async onWait(told) {
      await within(REQUIRE_MS, requireDaemon(store));
      // How far it is, is told as well.
      if (!tickets.some((ticket) => told === stepOf(ticket))) onWait?.(told);
    },
    obstacles: () => standstills(store, streams),
  });
  for (const ticket of tickets)
    await waitUntil(stepOf(ticket), async () => {
      const report = await store.sources.get(ticket.source)?.round.report(store.database);
      if (report && report.stoppedRequests >= ticket.request) throw stopped(ticket);
      if (!report || report.servedRequests >= ticket.request) return true;
      onProgress?.(ticket.source, report);
      return false;
    });
}

function stopped({ source }: RoundTicket): SyncError {
  const hint = 'friend-sync backfill --all reads every row; until then the patrol does';
  return new SyncError('pipeline_stuck', `the round over ${source} was stopped before it had ended`, { hint });
}

const stepOf = ({ source }: RoundTicket) => `the round over ${source} has not ended`;
