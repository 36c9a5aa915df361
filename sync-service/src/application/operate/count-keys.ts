import type { Store } from '../../infrastructure/mysql/store.ts';

export interface KeyCounts {
  readonly pending: number;
  readonly parked: number;
  /** How long the oldest pending key waits that is not parked; undefined: there is none. */
  readonly oldestSeconds: number | undefined;
  /** Why they are parked, the most frequent reasons first. */
  readonly reasons: readonly { readonly reason: string; readonly keys: number }[];
  /** For a read at the source. */
  readonly due: number;
  /** Of which some column is unknown; undefined: there are too many rows to look at. */
  readonly incomplete: number | undefined;
}

/** The keys of each source that wait for something. Reads the mirrors whole. */
export async function countKeys({ database, sources }: Store): Promise<Record<string, KeyCounts>> {
  const counts = [...sources].map(async ([name, { pending, due, mirror }]) => {
    const [own, oldestSeconds, reasons, dueCount, incomplete] = await Promise.all([
      pending.count(database),
      pending.oldestSeconds(database),
      pending.parkedReasons(database),
      due.count(database),
      mirror.countIncomplete(database),
    ]);
    return [name, { ...own, oldestSeconds, reasons, due: dueCount, incomplete }] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}
