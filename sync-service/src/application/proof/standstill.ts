import { type ConnectorStatus, isHeld, problemOf } from '@friend-sync/connectors';
import { historyLost, SyncError } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { within } from '../../within.ts';
import type { Stream } from './streams.ts';

/** Less than whoever waits has for all that is in the way. */
const ASKED_MS = 800;

/** Why nothing arrives by these streams: a history that is lost, a connector that does not run. Empty: nothing is known to be wrong. */
export async function standstills(store: Store, streams: readonly Stream[]): Promise<string[]> {
  const found = await Promise.all(streams.map((stream) => standstillOf(store, stream)));
  return [...new Set(found)].filter((problem) => problem !== undefined);
}

async function standstillOf({ serverState, database }: Store, stream: Stream): Promise<string | undefined> {
  const { sourceName, connectorName } = stream;
  if (sourceName !== undefined) {
    const seen = await within(
      ASKED_MS,
      serverState.read(database, sourceName).then((found) => ({ found })),
    );
    if (!seen) return 'the friend database does not answer';
    // The connector of such a source may be stopped, which is no trouble of its own.
    if (seen.found?.lost) return historyLost(sourceName, seen.found.lost.reason).message;
  }
  const status = await statusOf(stream);
  const problem = problemOf(connectorName, status);
  const isLeftSo = status && !(status instanceof Error) && isHeld(status);
  return problem && isLeftSo ? `${problem}; friend-sync connectors resume` : problem;
}

async function statusOf({ status }: Stream): Promise<ConnectorStatus | undefined | Error> {
  const silent = new SyncError('connector_failed', 'Kafka Connect does not answer');
  const asked = status().then(
    (found) => ({ found }),
    (error: Error) => ({ found: error }),
  );
  return ((await within(ASKED_MS, asked)) ?? { found: silent }).found;
}
