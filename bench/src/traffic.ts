import { setTimeout as delay } from 'node:timers/promises';
import { commitChanges } from './contest/commit-changes.ts';
import type { World } from './contest/world.ts';
import { PROBATION_MS } from './daemon.ts';
import { requireEqualCopies } from './equal-copies.ts';

/** As fast as the user server takes them. */
export const UNPACED = 1e9;
const WARM_PER_SECOND = 20;
const TICK_MS = 10;
const ROWS_A_COMMIT = 1_000;
/** Neighbours in time are none by their keys. */
const STRIDE = 7_919;

export interface TrafficOptions {
  /** Names the changes: each has a value of its own. */
  readonly mark: string;
  readonly perSecond: number;
  /** Asked again and again. Over it is as well when every user has been changed: no change may be passed over for a later one. */
  readonly goesOn?: () => boolean;
}

/** Ordinary changes, until a daemon that has just started is as it will be, and all of them have arrived. */
export async function warmUp(world: World): Promise<void> {
  const until = performance.now() + PROBATION_MS;
  await commitTraffic(world, { mark: 'warm', perSecond: WARM_PER_SECOND, goesOn: () => performance.now() < until });
  await requireEqualCopies(world.operations);
}

/** The user service at work: user after user changes, so many a second; those of the same moment in one transaction. */
export async function commitTraffic(
  { user, users }: World,
  { mark, perSecond, goesOn = () => true }: TrafficOptions,
): Promise<void> {
  const began = performance.now();
  for (let n = 0; n < users && goesOn(); ) {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1_000) - n;
    const count = Math.min(due, ROWS_A_COMMIT, users - n);
    const changes = Array.from({ length: Math.max(0, count) }, () => [1 + ((++n * STRIDE) % users), n] as const);
    if (changes.length > 0) await commitChanges(user, mark, changes);
    if (count < ROWS_A_COMMIT) await delay(TICK_MS * (0.5 + Math.random()));
  }
}
