/** What a daemon has done lately, within a minute or so. */
export interface Figures {
  readonly changesPerSecond: number;
  readonly copiesPerSecond: number;
  /** From the commit in the user database to that of the copies, of half of the changes and of 99 of 100; undefined: there was none. */
  readonly appliedMs?: { readonly p50: number; readonly p99: number };
}

/** What several daemons have done; of times, those of the slowest. */
export function sumFigures(each: readonly (Figures | undefined)[]): Figures {
  const known = each.filter((one) => one !== undefined);
  const sum = (of: (one: Figures) => number) => known.reduce((total, one) => total + of(one), 0);
  const applied = known.flatMap(({ appliedMs }) => appliedMs ?? []);
  const slowest = (of: 'p50' | 'p99') => Math.max(...applied.map((one) => one[of]));
  return {
    changesPerSecond: sum((one) => one.changesPerSecond),
    copiesPerSecond: sum((one) => one.copiesPerSecond),
    ...(applied.length > 0 ? { appliedMs: { p50: slowest('p50'), p99: slowest('p99') } } : {}),
  };
}
