import type { Store } from '../../infrastructure/mysql/store.ts';

/** By source since when its rounds are paused, with what lets them go on; sources whose rounds are not are absent. */
export async function pausedRounds({ database, sources }: Store): Promise<ReadonlyMap<string, string>> {
  const looks = [...sources].map(async ([name, { round }]) => {
    const { pausedSince } = await round.report(database);
    const told = `rounds over ${name} are paused since ${pausedSince} UTC; friend-sync backfill resume`;
    return pausedSince === undefined ? [] : ([[name, told]] as const);
  });
  return new Map((await Promise.all(looks)).flat());
}
