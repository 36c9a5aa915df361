import type { SourceMapping } from '@friend-sync/connectors';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { pausedRounds } from '../proof/paused-rounds.ts';
import { requireDaemon } from '../proof/require-daemon.ts';
import { standstills } from '../proof/standstill.ts';
import { sourceStreams } from '../proof/streams.ts';
import type { Servers } from './servers.ts';

/** Why rows of these sources would not be read now: no daemon runs, a connector does not, or rounds, if that is what is `wanted`, are paused. Empty: nothing is known. */
export async function findObstacles(
  { configuration, source, connect }: Servers,
  store: Store,
  sources: readonly SourceMapping[],
  wanted: 'rounds' | 'keys',
): Promise<string[]> {
  const streams = sourceStreams({ ...configuration, mapping: { sources } }, source, connect);
  const daemon = requireDaemon(store).then(
    () => [],
    (error: Error) => [error.message],
  );
  const paused = wanted === 'rounds' ? await pausedRounds(store) : new Map<string, string>();
  const own = sources.flatMap(({ name }) => paused.get(name) ?? []);
  return [...(await daemon), ...(await standstills(store, [...streams.values()])), ...own];
}
