import type { SourceMapping } from '@friend-sync/connectors';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { requireDaemon } from '../proof/require-daemon.ts';
import { standstills } from '../proof/standstill.ts';
import { sourceStreams } from '../proof/streams.ts';
import type { Servers } from './servers.ts';

/** Why rows of these sources would not be read now: no daemon runs, a connector does not. Empty: nothing is known. */
export async function findObstacles(
  { configuration, source, connect }: Servers,
  store: Store,
  sources: readonly SourceMapping[],
): Promise<string[]> {
  const streams = sourceStreams({ ...configuration, mapping: { sources } }, source, connect);
  const daemon = requireDaemon(store).then(
    () => [],
    (error: Error) => [error.message],
  );
  return [...(await daemon), ...(await standstills(store, [...streams.values()]))];
}
