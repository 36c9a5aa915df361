import type { Configuration } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { readMirrorColumns } from '../../infrastructure/mysql/mirror-table.ts';
import { sourceProblems } from '../../infrastructure/mysql/source-fit.ts';
import { readTableShape } from '../../infrastructure/mysql/table-shape.ts';

/**
 * Throws `contract_broken`, all problems at once, where the sources' tables are not what the mapping and the mirrors
 * assume: a connector of a table that there is not would run, and say nothing.
 */
export async function requireSources(
  { mapping, settings }: Configuration,
  source: Database,
  target: Database,
): Promise<void> {
  const problems = mapping.sources.map(async (one) => {
    const mirror = await readMirrorColumns(target, settings.target.stateDatabase, one.name);
    return sourceProblems(one, await readTableShape(source, one.table), mirror);
  });
  const found = (await Promise.all(problems)).flat();
  if (found.length > 0) throw new SyncError('contract_broken', found.join('\n'));
}
