import type { Key } from '../../../domain/change.ts';
import { type KeyKind, parseKey } from '../../../domain/source-schema.ts';
import { must } from '../../../errors.ts';
import { quoted, type Session } from '../server/database.ts';
import { type ColumnEquality, updateOf } from './copy-equality.ts';
import type { TargetTable } from './target-table.ts';

/** Most keys that exchange values at once. */
const MOST_KEYS = 100;

/** Keys whose copies are to get values that must be unique, and that copies of others of them hold. */
export interface Exchange {
  /** The key that was asked for; then whoever has what it wants; then whoever has what those want, and so on. */
  readonly keys: readonly Key[];
  /**
   * Takes such values, where they may be NULL, from the copies that will get another one; the parameter is the list of
   * keys. Undefined: none may be.
   */
  readonly clear: string | undefined;
}

interface UniqueColumn {
  readonly index: string;
  readonly column: string;
  readonly isNullable: boolean;
}

/** What the unique indexes of a target table forbid, while values go from copies of one key to copies of another. */
export class UniqueValues {
  readonly #join: string;
  readonly #target: TargetTable;
  readonly #pairs: ReadonlyMap<string, ColumnEquality>;
  readonly #keyKind: KeyKind;

  /** `join`: of the mirror `p` and the copies `f`. */
  constructor(join: string, target: TargetTable, pairs: readonly ColumnEquality[], keyKind: KeyKind) {
    this.#join = join;
    this.#target = target;
    this.#pairs = new Map(pairs.map((pair) => [pair.column, pair]));
    this.#keyKind = keyKind;
  }

  /** By the table's indexes as they are now. Undefined: no other key has what this one wants. */
  async exchangeOf(session: Session, key: Key): Promise<Exchange | undefined> {
    const indexes = await this.#readIndexes(session);
    const keys = new Set([key]);
    for (let wanting = [key]; wanting.length > 0 && keys.size <= MOST_KEYS; ) {
      const holders = await Promise.all(indexes.map((index) => this.#holders(session, index, wanting)));
      wanting = [...new Set(holders.flat())].filter((holder) => !keys.has(holder));
      for (const holder of wanting) keys.add(holder);
    }
    return keys.size === 1 ? undefined : { keys: [...keys], clear: this.#clearStatement(indexes.flat()) };
  }

  /** The unique indexes with a mapped column, each by its columns. */
  async #readIndexes(session: Session): Promise<UniqueColumn[][]> {
    const { database, table } = this.#target.copy.table;
    const rows = await session.rows(
      'reading unique indexes',
      `SELECT index_name AS name, column_name AS col, nullable AS nullable FROM information_schema.statistics
       WHERE table_schema = ? AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index`,
      [database, table],
    );
    const columns = rows.map((row) => {
      return { index: row.name as string, column: row.col as string, isNullable: row.nullable === 'YES' };
    });
    const names = [...new Set(columns.map(({ index }) => index))];
    const byIndex = names.map((name) => columns.filter(({ index }) => index === name));
    // A column without a name is an expression.
    return byIndex.filter(
      (some) => some.every(({ column }) => column) && some.some(({ column }) => this.#pairs.has(column)),
    );
  }

  /** The keys of the copies that hold what copies of these keys are to get. */
  async #holders(session: Session, index: readonly UniqueColumn[], keys: readonly Key[]): Promise<Key[]> {
    const { copy, columns } = this.#target;
    const on = index.map(({ column }) => {
      const collation = columns.get(column)?.collation;
      const wanted = this.#pairs.get(column)?.value ?? `f.${quoted(column)}`;
      return `h.${quoted(column)} = ${wanted}${collation ? ` COLLATE ${collation}` : ''}`;
    });
    const holder = `h.${quoted(copy.key)}`;
    const rows = await session.rows(
      'looking for the holders of values',
      `SELECT DISTINCT ${holder} AS k FROM ${this.#join}
       STRAIGHT_JOIN ${quoted(copy.table.database, copy.table.table)} AS h FORCE INDEX (${quoted(must(index[0], 'a column of a unique index').index)}) ON ${on.join(' AND ')}
       WHERE p.k IN (?) AND ${holder} IS NOT NULL LIMIT ?`,
      [keys, MOST_KEYS],
    );
    return rows.map((row) => parseKey(String(row.k), this.#keyKind));
  }

  #clearStatement(columns: readonly UniqueColumn[]): string | undefined {
    const cleared = [...new Set(columns.filter(({ isNullable }) => isNullable).map(({ column }) => column))]
      .map((column) => this.#pairs.get(column))
      .filter((pair) => pair !== undefined);
    if (cleared.length === 0) return undefined;
    const { set, where } = updateOf(
      this.#target,
      cleared.map(({ column, isEqual }) => {
        const own = `f.${quoted(column)}`;
        return { assign: `${own} = IF(${isEqual}, ${own}, NULL)`, isEqual };
      }),
    );
    return `UPDATE ${this.#join} SET ${set} WHERE p.k IN (?)${where}`;
  }
}
