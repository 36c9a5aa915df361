import { describeDifference, type Operations } from '@friend-sync/sync-service';

const DEADLINE_MS = 3_600_000;

/** Returns when all that was committed is applied; throws where a copy is not equal then. A daemon must run. */
export async function requireEqualCopies(operations: Operations): Promise<void> {
  await operations.passBarrier(DEADLINE_MS);
  const { mismatches, orphans, differences } = await operations.compareCopies();
  if (mismatches + orphans > 0)
    throw new Error(
      `${mismatches} copies differ (${differences.map(describeDifference)}), and ${orphans} have no source`,
    );
}
