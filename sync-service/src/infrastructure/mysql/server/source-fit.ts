import type { SourceMapping } from '@friend-sync/connectors';
import { fractionOf, kindOf } from '../../../domain/column-types.ts';
import type { TableShape } from '../../../domain/table-shape.ts';
import { planMirror, valueColumn } from '../state/mirror-table.ts';

/**
 * What the mapping assumes of the source's table, and the mirror with these columns was made for, and does not hold: each
 * by the names of table and column, with the remedy. A column that was widened is no problem as long as its values fit.
 */
export function sourceProblems(
  mapping: SourceMapping,
  shape: TableShape | undefined,
  mirror: ReadonlyMap<string, string>,
): string[] {
  const table = `${mapping.table.database}.${mapping.table.table}`;
  const { key, types, problems } = planMirror(mapping, shape);
  if (problems.length) return problems;
  const columns = new Map(shape?.columns.map((column) => [column.name, column]));
  const values = [...types].map(([name, needed]) => [name, needed, mirror.get(valueColumn(name))] as const);
  for (const [name, needed, has] of [[mapping.key, key, mirror.get('k')] as const, ...values]) {
    const column = columns.get(name);
    if (!column?.isReadable) problems.push(`${table}.${name}: no SELECT on it; see friend-sync grants`);
    else if (!isMadeFor(has, needed))
      problems.push(
        `${table}.${name}: is ${column.columnType} now; change it back, or run friend-sync migrate --execute and restart the daemon`,
      );
  }
  return problems;
}

/** A mirror's column of another kind, or of fewer digits behind the point, would hold other values than it is given. */
function isMadeFor(has: string | undefined, needed: string | undefined): boolean {
  const kind = needed && kindOf(needed);
  return !!kind && !!has && kindOf(has) === kind && fractionOf(kind, has) >= fractionOf(kind, needed);
}
