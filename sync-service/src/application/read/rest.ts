import { setTimeout as delay } from 'node:timers/promises';

/** A page has no more rows than a second's: longer is rested only for what was read at another rate. */
const LONGEST_MS = 1_000;

/** Rests, since `began`, for as long as so many rows may take where no more than `perSecond` are wanted a second. */
export async function rest(
  rows: number,
  perSecond: number | undefined,
  began: number,
  signal?: AbortSignal,
): Promise<void> {
  const leftMs = perSecond === undefined ? 0 : (rows / perSecond) * 1000 - (performance.now() - began);
  if (leftMs > 0) await delay(Math.min(LONGEST_MS, leftMs), undefined, { signal });
  else signal?.throwIfAborted();
}
