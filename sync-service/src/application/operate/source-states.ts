import { SyncError } from '../../errors.ts';
import type { Distrust } from '../../infrastructure/mysql/state/reads-store.ts';
import type { RoundReport } from '../../infrastructure/mysql/state/round-store.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** How the rounds over each source stand, by its name. */
export async function reportRounds({ database, sources }: Store): Promise<Record<string, RoundReport>> {
  const reports = [...sources].map(async ([name, { round }]) => [name, await round.report(database)] as const);
  return Object.fromEntries(await Promise.all(reports));
}

/** Why the values of a source's stream are not used; sources whose streams are trusted are absent. */
export async function findDistrusted({ database, sources }: Store): Promise<Record<string, readonly Distrust[]>> {
  const found = [...sources].map(async ([name, { reads }]) => [name, await reads.distrust(database)] as const);
  return Object.fromEntries((await Promise.all(found)).filter(([, causes]) => causes.length > 0));
}

/** By source why its changes can no longer be followed; until a new epoch begins. */
export async function findLost({ database, serverState, sources }: Store): Promise<ReadonlyMap<string, SyncError>> {
  const lost = new Map<string, SyncError>();
  for (const name of sources.keys()) {
    const reason = (await serverState.read(database, name))?.lost?.reason;
    if (reason !== undefined) lost.set(name, new SyncError('history_lost', reason));
  }
  return lost;
}
