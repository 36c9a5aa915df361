import type { DeletePolicy } from '@friend-sync/connectors';
import type { Key } from '../../../domain/change.ts';
import type { KeyKind } from '../../../domain/source-schema.ts';
import { parseKey } from '../../../domain/source-schema.ts';
import { must } from '../../../errors.ts';
import { quoted, type Session } from '../server/database.ts';
import { KeyOrder, type Range } from '../server/key-order.ts';
import { columnEqualities } from './copy-equality.ts';
import { isAmong, namingColumns, type RowFields, rowKeyList, toRowKey } from './row-key.ts';
import type { TargetColumn } from './target-column.ts';
import { primaryKeyOf, type TargetTable } from './target-table.ts';
import { EXACT } from './value-fit.ts';

/** More in one condition, and MySQL reads the whole table (range_optimizer_max_mem_size). */
const MOST_ROW_KEYS = 1_000;

/** A key with a copy that is not equal to the mirror. */
export interface DifferingKey {
  readonly key: Key;
  /** The key was not pending, so nothing was on its way to correct the copy. */
  readonly isDrift: boolean;
}

/**
 * Finds the copies of one target table that differ from the mirror, by plain reads that lock nothing. The comparison is
 * the fan-out's own; copies whose key is not in the mirror are passed over.
 */
export class CopySweep {
  readonly #table: string;
  readonly #foreignKey: string;
  readonly #order: KeyOrder;
  readonly #naming: readonly TargetColumn[];
  /** By which the copies are found that messages name. */
  readonly #namingIndexes: string;
  readonly #differing: { readonly select: string; readonly after: string; readonly end: string };
  readonly #keyKind: KeyKind;
  readonly #source: string;

  constructor(
    tables: { readonly mirror: string; readonly pending: string },
    source: string,
    target: TargetTable,
    keyKind: KeyKind,
    onDelete: DeletePolicy,
  ) {
    const { copy } = target;
    this.#table = `${quoted(copy.table.database, copy.table.table)} AS f`;
    this.#foreignKey = copy.key;
    this.#order = new KeyOrder(primaryKeyOf(target));
    this.#naming = namingColumns(target);
    const isByForeignKey = this.#naming.some(({ name }) => name === copy.key);
    this.#namingIndexes = isByForeignKey
      ? `PRIMARY, ${quoted(must(target.index, `${copy.id}: the index of its key`))}`
      : 'PRIMARY';
    this.#keyKind = keyKind;
    this.#source = source;
    const key = `f.${quoted(copy.key)}`;
    const isEqual = columnEqualities(target, onDelete).map((pair) => pair.isEqual);
    // One statement sees one moment: what it finds differing and not pending, no transaction was about to correct.
    this.#differing = {
      select: 'SELECT d.k, q.k IS NULL AS drift FROM (SELECT DISTINCT p.k FROM',
      after: `STRAIGHT_JOIN ${tables.mirror} AS p ON p.k = ${keyKind === 'string' ? `CONVERT(${key} USING utf8mb4) ${EXACT}` : key}
        WHERE NOT (${isEqual.join(' AND ')})${copy.where ? ` AND (${copy.where})` : ''}`,
      end: `) AS d LEFT JOIN ${tables.pending} AS q ON q.source = ? AND q.k = CONVERT(d.k USING utf8mb4) ${EXACT}
        WHERE q.k IS NULL OR q.attempts = 0`,
    };
  }

  /** The primary key of the `rows`-th copy after a position: where a chunk ends. Undefined: fewer are left. */
  async chunkEnd(session: Session, after: readonly string[], rows: number): Promise<string[] | undefined> {
    const { where, parameters } = this.#order.within({ after });
    const [row] = await session.rows(
      'finding the end of a chunk',
      `SELECT ${this.#order.select} FROM ${this.#table} FORCE INDEX (PRIMARY) WHERE TRUE${where} ORDER BY ${this.#order.orderBy} LIMIT 1 OFFSET ?`,
      [...parameters, rows - 1],
    );
    return row && this.#order.read(row);
  }

  /** The keys with differing copies within a range of primary keys; not those that are parked. */
  async differing(session: Session, range: Range): Promise<DifferingKey[]> {
    const { where, parameters } = this.#order.within(range);
    return this.#compare(session, 'PRIMARY', where, parameters);
  }

  /**
   * The same for single copies, by their columns as messages have them. `unreadable`: some were no such rows, of which
   * nothing can be said.
   */
  async differingAmong(
    session: Session,
    rows: readonly RowFields[],
  ): Promise<{ differing: DifferingKey[]; unreadable: boolean }> {
    const copies = rows.filter((fields) => fields[this.#foreignKey] !== null);
    const rowKeys = copies.map((fields) => toRowKey(this.#naming, fields)).filter((key) => key !== undefined);
    const differing: DifferingKey[] = [];
    for (let from = 0; from < rowKeys.length; from += MOST_ROW_KEYS) {
      const some = rowKeyList(rowKeys.slice(from, from + MOST_ROW_KEYS));
      const among = ` AND ${isAmong(this.#naming)}`;
      differing.push(...(await this.#compare(session, this.#namingIndexes, among, [some])));
    }
    return { differing, unreadable: rowKeys.length < copies.length };
  }

  async #compare(
    session: Session,
    indexes: string,
    where: string,
    parameters: readonly unknown[],
  ): Promise<DifferingKey[]> {
    const { select, after, end } = this.#differing;
    const sql = `${select} ${this.#table} FORCE INDEX (${indexes}) ${after}${where}${end}`;
    const rows = await session.rows('comparing copies', sql, [...parameters, this.#source]);
    return rows.map((row) => ({ key: parseKey(String(row.k), this.#keyKind), isDrift: Number(row.drift) === 1 }));
  }
}
