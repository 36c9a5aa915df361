import { problemOf } from '@friend-sync/connectors';
import { historyLost } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Stream } from './barrier.ts';

/** Why nothing arrives by these streams: a history that is lost, a connector that does not run. Empty: nothing is known to be wrong. */
export async function standstills({ serverState, database }: Store, streams: readonly Stream[]): Promise<string[]> {
  const found = streams.map(async ({ sourceName, connectorName, status }) => {
    const lost = sourceName === undefined ? undefined : (await serverState.read(database, sourceName))?.lost;
    // The connector of such a source may be stopped, which is no trouble of its own.
    if (sourceName !== undefined && lost) return historyLost(sourceName, lost.reason).message;
    return problemOf(connectorName, await status().catch((error: Error) => error));
  });
  return (await Promise.all(found)).filter((problem) => problem !== undefined);
}
