import type { CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { TargetTable } from '../../../infrastructure/mysql/copies/target-table.ts';
import { type Database, quoted } from '../../../infrastructure/mysql/server/database.ts';
import { isOutOfTime } from '../../../infrastructure/mysql/server/fault.ts';
import type { MirrorPlan } from '../../../infrastructure/mysql/state/mirror-table.ts';
import { readSources } from '../../proof/compared-rows.ts';
import { equalitiesOf, keysOfType } from '../../proof/equality.ts';

/** The oldest rows and the newest: a table that keeps values of their day shows it in the old ones. */
const ROWS_OF_EACH_END = 100;

/** What is in some rows, without what it is. */
export interface Sample {
  /** Copies that were read. */
  readonly rows: number;
  /** Those whose key is one of the source's. */
  readonly found: number;
  /** Aligned with the copy's pairs. */
  readonly pairs: readonly PairSample[];
}

export interface PairSample {
  readonly found: number;
  /** Of those found, hold the same as the source. */
  readonly equal: number;
  /** Hold NULL or the empty text while the source does not. */
  readonly empty: number;
  /** Would hold the same if each were another row's copy: flags and the like say nothing. */
  readonly byChance: number;
}

/** Compares some copies with their source rows. Undefined where that would keep a server busy for longer than a moment. */
export async function sampleCopies(
  source: Database,
  target: Database,
  { mapping, copy, table, plan }: { mapping: SourceMapping; copy: CopyMapping; table: TargetTable; plan: MirrorPlan },
): Promise<Sample | undefined> {
  const { toKey } = keysOfType(plan.key ?? '');
  const equalities = equalitiesOf(table.columns, copy, plan.types);
  try {
    const rows = await target.rows(`sampling ${copy.table.database}.${copy.table.table}`, sampleOf(copy, table));
    const keys = [...new Set(rows.map((row) => toKey(row.k)))];
    const sources = await readSources(mapping, copy, source, keys, toKey);
    const found = rows.flatMap((row) => {
      const wanted = sources.get(toKey(row.k));
      return wanted ? [{ row, wanted }] : [];
    });
    const pairs = equalities.map(({ isEqual }, i): PairSample => {
      const column = `c${i}`;
      const isSame = (at: number, other: number) => isEqual(found[at]?.row[column], found[other]?.wanted[column]);
      const places = [...found.keys()];
      const differing = places.filter((at) => !isSame(at, at));
      return {
        found: found.length,
        equal: found.length - differing.length,
        empty: differing.filter((at) => isEmpty(found[at]?.row[column])).length,
        byChance: places.filter((at) => isSame(at, (at + Math.ceil(found.length / 2)) % found.length)).length,
      };
    });
    return { rows: rows.length, found: found.length, pairs };
  } catch (error) {
    if (isOutOfTime(error)) return undefined;
    throw error;
  }
}

const isEmpty = (value: unknown) => value === null || String(value) === '';

function sampleOf({ key, set, table }: CopyMapping, { primaryKey }: TargetTable): string {
  const names = [key, ...set.map(({ column }) => column), ...primaryKey];
  const aliases = ['k', ...set.map((_, i) => `c${i}`), ...primaryKey.map((_, i) => `p${i}`)];
  const columns = names.map((name, i) => `f.${quoted(name)} AS ${aliases[i]}`).join(', ');
  const from = `SELECT ${columns} FROM ${quoted(table.database, table.table)} AS f WHERE f.${quoted(key)} IS NOT NULL`;
  const end = (direction: string) => {
    const order = primaryKey.map((name) => `f.${quoted(name)} ${direction}`).join(', ');
    return `(${from} ${order && `ORDER BY ${order}`} LIMIT ${ROWS_OF_EACH_END})`;
  };
  return `${end('')} UNION ${end('DESC')}`;
}
