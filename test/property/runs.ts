// biome-ignore lint/style/noProcessEnv: the property tests are its only readers
const { FRIEND_SYNC_PROPERTY_RUNS: wanted } = process.env;

/** How often a property is tried: `usual` times, or as FRIEND_SYNC_PROPERTY_RUNS says. What fails is printed with its seed and path. */
export function runs(usual: number): { numRuns: number } {
  return { numRuns: wanted ? Number(wanted) : usual };
}

/** Says when a property has been tried long enough, so that a slow machine tries less; never where the number of runs was given. */
export function limit(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => !wanted && performance.now() > end;
}

/** The time limit of the test around it. */
export const PROPERTY_TIMEOUT_MS = wanted ? 0 : 60_000;
