import type { Key } from '../../../domain/change.ts';
import type { KeyKind } from '../../../domain/source-schema.ts';
import { must } from '../../../errors.ts';
import { type Fragment, quoted } from '../server/database.ts';
import type { TargetTable } from './target-table.ts';
import { EXACT } from './value-fit.ts';

/** Mirror rows `p` and their copies `f`, found by the foreign key's index. */
export interface CopyJoin {
  readonly sql: string;
  /** The condition that leaves those of some keys. */
  among(keys: readonly Key[]): Fragment;
}

/** For what reads copies, and for an UPDATE where {@link copiesFirst} would not do. */
export function mirrorFirst(mirrorTable: string, target: TargetTable, keyKind: KeyKind): CopyJoin {
  const { foreignKey, asForeignKey, copies } = partsOf(target);
  // In the foreign key's own collation for its index, and by bytes for the very row ('bob' is not 'Bob').
  const on =
    keyKind === 'string'
      ? `${foreignKey} = ${asForeignKey('p.k')} AND ${foreignKey} = p.k ${EXACT}`
      : `${foreignKey} = p.k`;
  return {
    sql: `${mirrorTable} AS p STRAIGHT_JOIN ${copies} ON ${on}`,
    among: (keys) => ({ sql: 'p.k IN (?)', parameters: [keys] }),
  };
}

/**
 * For an UPDATE: MySQL writes rows of the first table while it reads them; those of another it collects, and looks each up
 * once more, which takes half as long again. Not by the primary key: there it would pass over copies that an application
 * has inserted and not committed yet.
 */
export function copiesFirst(mirrorTable: string, target: TargetTable, keyKind: KeyKind): CopyJoin {
  if (target.index === 'PRIMARY') return mirrorFirst(mirrorTable, target, keyKind);
  const { foreignKey, asForeignKey, copies } = partsOf(target);
  if (keyKind !== 'string') {
    return {
      sql: `${copies} STRAIGHT_JOIN ${mirrorTable} AS p ON p.k = ${foreignKey}`,
      among: (keys) => ({ sql: `${foreignKey} IN (?)`, parameters: [keys] }),
    };
  }
  const exactly = `CONVERT(${foreignKey} USING utf8mb4) ${EXACT}`;
  return {
    sql: `${copies} STRAIGHT_JOIN ${mirrorTable} AS p ON p.k = ${exactly}`,
    // By bytes too, before the mirror is read: only rows that are locked already are to be met there.
    among: (keys) => ({
      sql: `${foreignKey} IN (${keys.map(() => asForeignKey('?')).join(', ')}) AND ${exactly} IN (?)`,
      parameters: [...keys, keys],
    }),
  };
}

function partsOf({ copy, columns, index }: TargetTable) {
  const { charset, collation } = must(columns.get(copy.key), `${copy.id}: its key`);
  return {
    foreignKey: `f.${quoted(copy.key)}`,
    asForeignKey: (text: string) => `CONVERT(${text} USING ${charset}) COLLATE ${collation}`,
    copies: `${quoted(copy.table.database, copy.table.table)} AS f FORCE INDEX (${quoted(must(index, `${copy.id}: the index of its key`))})`,
  };
}
