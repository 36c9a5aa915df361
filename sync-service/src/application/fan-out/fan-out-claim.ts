import { compareKeys } from '../../domain/change.ts';
import type { Claim } from '../../domain/claim.ts';
import { SyncError } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { FanOutEvents, FanOutLimits, Hold } from './copy-writer.ts';
import { Pass } from './pass.ts';

/**
 * Makes the copies of the claimed keys equal to the mirror. Keys whose copies fit one transaction go together; a key
 * with more gets one chunk and goes back to the queue, so that it delays nobody. What cannot be finished within half
 * the lease, or must not be while `hold` says so, is released.
 */
export async function fanOutClaim(
  store: Store,
  claim: Claim,
  limits: FanOutLimits,
  events: FanOutEvents,
  hold: Hold = async () => undefined,
): Promise<void> {
  const source = store.sources.get(claim.source);
  if (!source) throw new SyncError('internal', `a claim names the unknown source ${claim.source}`);
  const pass = new Pass(store, source.pass(), claim, limits, events, hold);
  const resumed = claim.keys.filter(({ cursor }) => cursor !== undefined);
  // Copies of neighbouring keys are often neighbours: the same pages are written once, not with each group.
  const fresh = claim.keys
    .filter(({ cursor }) => cursor === undefined)
    .map(({ key }) => key)
    .sort(compareKeys);
  const { groups, large } = fresh.length > 0 ? await pass.plan(fresh) : { groups: [], large: [] };
  const work = [
    ...groups.map((keys) => ({ keys, run: () => pass.applyGroup(keys) })),
    ...large.map((key) => ({ keys: [key], run: () => pass.applyChunk({ key, cursor: undefined }) })),
    ...resumed.map((claimed) => ({ keys: [claimed.key], run: () => pass.applyChunk(claimed) })),
  ];
  for (const [i, { run }] of work.entries()) {
    if (pass.isOver) return pass.release(work.slice(i).flatMap(({ keys }) => keys));
    await run();
  }
}
