import type { Session } from './database.ts';

/** A GTID set as MySQL answers it, which breaks the line after each server's part. */
export function gtidSet(value: unknown): string {
  return String(value ?? '').replaceAll('\n', '');
}

/** All transactions of several sets. */
export function unitedGtids(sets: readonly string[]): string {
  return sets.filter((set) => set !== '').join();
}

/** Whether every transaction of `part` is in `whole`; any MySQL server can tell. */
export async function containsGtids(server: Session, whole: string, part: string): Promise<boolean> {
  return (await subtractGtids(server, part, whole)) === '';
}

/** The transactions of `whole` that are not in `part`; any MySQL server can tell. */
export async function subtractGtids(server: Session, whole: string, part: string): Promise<string> {
  const [row] = await server.rows('comparing GTID sets', 'SELECT GTID_SUBTRACT(?, ?) AS rest', [whole, part]);
  return gtidSet(row?.rest);
}

/** Whether a set that MySQL has answered holds one transaction; a tag may stand before its number. */
export function isOneGtid(set: string): boolean {
  return /^[0-9a-f-]{36}(:[a-z_][a-z_0-9]*)?:\d+$/.test(set);
}

/** A transaction's identifier, and all of the same origin before it. */
export function upTo(gtid: string): string {
  return gtid.replace(/:(\d+)$/, ':1-$1');
}

/** Group Replication leaves gaps of a million. */
const FAR = 1_000_000_000n;

/** The intervals of a set whose numbers lie far behind all that come before them, each with its origin. */
export function farIntervals(set: string): string[] {
  return set.split(',').flatMap((part) => {
    const [origin = '', ...rest] = part.trim().split(':');
    let tag = '';
    let last = 0n;
    return rest.flatMap((piece) => {
      const [first, end] = piece.split('-');
      if (!/^\d+$/.test(first ?? '')) {
        tag = `:${piece}`;
        last = 0n;
        return [];
      }
      const isFar = BigInt(first ?? 0) - last > FAR;
      last = BigInt(end ?? first ?? 0);
      return isFar ? [`${origin}${tag}:${piece}`] : [];
    });
  });
}
