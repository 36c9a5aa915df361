import type { Configuration } from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { sourceProblems } from '../../infrastructure/mysql/server/source-fit.ts';
import { readTableShape } from '../../infrastructure/mysql/server/table-shape.ts';
import { readMirrorColumns } from '../../infrastructure/mysql/state/mirror-table.ts';

/**
 * By name the sources whose tables are not what the mapping and the mirrors assume, each with all its problems: a connector
 * of a table that there is not would run, and say nothing.
 */
export async function findUnfitSources(
  { mapping, settings }: Configuration,
  source: Database,
  target: Database,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const looks = mapping.sources.map(async (one) => {
    const mirror = await readMirrorColumns(target, settings.target.stateDatabase, one.name);
    return [one.name, sourceProblems(one, await readTableShape(source, one.table), mirror)] as const;
  });
  return new Map((await Promise.all(looks)).filter(([, problems]) => problems.length > 0));
}
