import type { DeletePolicy } from '@friend-sync/connectors';
import { compareKeys, type Key } from '../../../domain/change.ts';
import type { Cursor } from '../../../domain/claim.ts';
import type { KeyKind } from '../../../domain/source-schema.ts';
import { parseKey } from '../../../domain/source-schema.ts';
import { must, type SyncError } from '../../../errors.ts';
import { type Fragment, quoted, type Session, type Transaction } from '../server/database.ts';
import { isDuplicate, toCopyFault } from '../server/fault.ts';
import { KeyOrder, type Range } from '../server/key-order.ts';
import { type ColumnEquality, columnEqualities, type Update, updateOf } from './copy-equality.ts';
import { type CopyJoin, copiesFirst, mirrorFirst } from './copy-join.ts';
import { primaryKeyOf, type TargetTable } from './target-table.ts';
import { type Exchange, UniqueValues } from './unique-values.ts';

export interface Equalised {
  /** Copies that differed from the mirror. */
  readonly changed: number;
  /** When the source committed what the keys' mirror rows hold, where that is known. */
  readonly committedAtMs: readonly number[];
}

/** How the copies of one key stand; see {@link CopyStore.standing}. */
export interface Standing {
  readonly differing: number;
  readonly columns: readonly string[];
  readonly locked: number;
}

/**
 * Makes the copies of one target table equal to the mirror. Values travel inside SQL only, from mirror rows under a
 * share lock to copies, in a multi-table UPDATE that finds the copies by their foreign key's index. Any other form can
 * write a value that is already old (docs/decisions).
 */
export class CopyStore {
  readonly id: string;
  readonly #target: TargetTable;
  readonly #keyKind: KeyKind;
  readonly #join: string;
  readonly #updateJoin: CopyJoin;
  readonly #pairs: readonly ColumnEquality[];
  readonly #update: Update;
  /** Of one mapped column alone, by its name. */
  readonly #updates: ReadonlyMap<string, Update>;
  /** Of one key's copies. */
  readonly #order: KeyOrder;
  readonly #mirror: string;
  readonly #unique: UniqueValues;

  constructor(mirrorTable: string, target: TargetTable, keyKind: KeyKind, onDelete: DeletePolicy) {
    this.id = target.copy.id;
    this.#target = target;
    this.#keyKind = keyKind;
    this.#mirror = mirrorTable;
    this.#order = new KeyOrder(primaryKeyOf(target).filter(({ name }) => name !== target.copy.key));
    this.#join = mirrorFirst(mirrorTable, target, keyKind).sql;
    this.#updateJoin = copiesFirst(mirrorTable, target, keyKind);
    const pairs = columnEqualities(target, onDelete);
    this.#pairs = pairs;
    this.#update = updateOf(target, pairs);
    this.#unique = new UniqueValues(this.#join, target, pairs, keyKind);
    this.#updates = new Map(pairs.map((pair) => [pair.column, updateOf(target, [pair])]));
  }

  /** The mapped columns. */
  get columns(): readonly string[] {
    return [...this.#updates.keys()];
  }

  /** What went wrong with these copies, by the name of their table. */
  fault(error: unknown): SyncError {
    const { database, table } = this.#target.copy.table;
    return toCopyFault(error, `${database}.${table}`);
  }

  /**
   * How many copies each of these keys has here. Counting stops beyond `limit`: a key with more is reported as
   * `limit + 1`. Keys without copies are absent.
   */
  async count(session: Session, keys: readonly Key[], limit: number): Promise<Map<Key, number>> {
    const counts = new Map<Key, number>();
    let rest = [...keys].sort(compareKeys);
    while (rest.length > 0) {
      const rows = await session.rows(
        'counting copies',
        `SELECT k, COUNT(*) AS n FROM (SELECT p.k FROM ${this.#join} WHERE p.k IN (?) ORDER BY p.k LIMIT ?) AS some GROUP BY k ORDER BY k`,
        [rest, limit + 1],
      );
      const found = rows.map((row) => [parseKey(String(row.k), this.#keyKind), Number(row.n)] as const);
      const isCut = found.reduce((sum, [, n]) => sum + n, 0) > limit;
      // The last key of a cut count may have more: count it again by itself, unless it filled the limit alone.
      const last = found.at(-1)?.[0];
      for (const [key, n] of found) if (!isCut || key !== last || found.length === 1) counts.set(key, n);
      if (!isCut || last === undefined) break;
      rest = rest.slice(rest.indexOf(last) + (found.length === 1 ? 1 : 0));
    }
    return counts;
  }

  /**
   * How the copies of a key stand here: how many differ from the mirror, in which columns, and how many of the first `limit`
   * somebody else has locked. Those that are free it locks for as long as the statement takes.
   */
  async standing(session: Session, key: Key, limit: number): Promise<Standing> {
    const some = (lock: string) =>
      `(SELECT COUNT(*) FROM (SELECT 1 FROM ${this.#join} WHERE p.k = ? LIMIT ? ${lock}) AS some)`;
    const unequal = this.#pairs.map(({ isEqual }, i) => `COALESCE(SUM(NOT ${isEqual}), 0) AS c${i}`);
    const [row = {}] = await session.rows(
      'comparing copies',
      `SELECT COUNT(*) AS differing, ${unequal.join(', ')} FROM ${this.#join} WHERE p.k = ?${this.#update.where}`,
      [key],
    );
    const [locks = {}] = await session.rows(
      'looking for locked copies',
      `SELECT ${some('')} AS copies, ${some('FOR UPDATE OF f SKIP LOCKED')} AS unlocked`,
      [key, limit, key, limit],
    );
    return {
      differing: Number(row.differing),
      columns: this.#pairs.filter((_, i) => Number(row[`c${i}`]) > 0).map(({ column }) => column),
      locked: Number(locks.copies) - Number(locks.unlocked),
    };
  }

  /** Locks the copies themselves, before the mirror. Fails at once, with `store_contended`, where somebody else has one. */
  async lock(tx: Session, keys: readonly Key[], range?: Range): Promise<void> {
    const { where, parameters } = this.#order.within(range);
    const pk = this.#target.primaryKey.map((column) => `f.${quoted(column)}`).join(', ');
    await tx.rows(
      'locking copies',
      `SELECT ${pk} FROM ${this.#join} WHERE p.k IN (?)${where} ORDER BY p.k FOR UPDATE OF f NOWAIT`,
      [[...keys].sort(compareKeys), ...parameters],
    );
  }

  /**
   * An expression for how many copies `key` has here, `limit` at most, that locks each of them. It fails at once, with
   * `store_contended`, where somebody else has locked one.
   */
  lockedCount(key: Key, limit: number): Fragment {
    return {
      sql: `(SELECT COUNT(*) FROM (SELECT 1 FROM ${this.#join} WHERE p.k = ? LIMIT ? FOR UPDATE OF f NOWAIT) AS some)`,
      parameters: [key, limit],
    };
  }

  /** Makes copies equal to the mirror; with `column`, in this one alone. */
  async makeEqual(tx: Session, keys: readonly Key[], range?: Range, column?: string): Promise<Equalised> {
    const sorted = [...keys].sort(compareKeys);
    const [mirror, changed] = await Promise.all([
      tx.rows(
        'locking the mirror',
        `SELECT fs_committed_at_ms AS at FROM ${this.#mirror} WHERE k IN (?) ORDER BY k FOR SHARE`,
        [sorted],
      ),
      this.#equalise(
        tx,
        sorted,
        range,
        column === undefined ? this.#update : must(this.#updates.get(column), `${this.id}: column ${column}`),
      ),
    ]);
    return { changed, committedAtMs: mirror.filter((row) => row.at !== null).map((row) => Number(row.at)) };
  }

  /**
   * The same for a caller who holds locks on the keys' mirror rows already; returns how many copies differed.
   * `condition`: SQL that must hold.
   */
  makeEqualUnderLock(tx: Session, key: Key, condition: string): Promise<number> {
    return this.#equalise(tx, [key], undefined, { ...this.#update, where: `${this.#update.where} AND ${condition}` });
  }

  async #equalise(tx: Session, sorted: readonly Key[], range: Range | undefined, update: Update): Promise<number> {
    const keys = this.#updateJoin.among(sorted);
    const within = this.#order.within(range);
    const sql = `UPDATE ${this.#updateJoin.sql} SET ${update.set} WHERE ${keys.sql}${update.where}${within.where}`;
    return (await tx.write('writing copies', sql, [...keys.parameters, ...within.parameters])).changed;
  }

  /**
   * Which keys exchange values that must be unique with a key that was refused for such a value; undefined: none, or they
   * have more than `limit` copies.
   */
  async exchangeOf(session: Session, key: Key, fault: SyncError, limit: number): Promise<Exchange | undefined> {
    const exchange = isDuplicate(fault) ? await this.#unique.exchangeOf(session, key) : undefined;
    if (!exchange) return undefined;
    const counts = await this.count(session, exchange.keys, limit);
    return [...counts.values()].reduce((sum, n) => sum + n, 0) > limit ? undefined : exchange;
  }

  /**
   * Makes the copies of keys equal that exchange values which must be unique: where it may be NULL, all give their value up
   * first. Where it may not, the last key in the row goes first; that leads nowhere if they go round in a circle.
   */
  async makeEqualTogether(tx: Transaction, { keys, clear }: Exchange): Promise<Equalised> {
    await this.lock(tx, keys);
    const written = await tx.roundTrip((t) => [
      ...(clear ? [t.write('clearing copies', clear, [[...keys].sort(compareKeys)])] : []),
      ...keys.toReversed().map((key) => this.makeEqual(t, [key])),
    ]);
    const changed = written.filter((one) => 'committedAtMs' in one).reduce((sum, one) => sum + one.changed, 0);
    return { changed, committedAtMs: [] };
  }

  /** The primary key of the `rows`-th copy of a key after the cursor: where a chunk ends. Undefined: fewer are left. */
  async chunkEnd(session: Session, key: Key, after: Cursor['after'], rows: number): Promise<string[] | undefined> {
    if (this.#order.isEmpty) return undefined;
    const { where, parameters } = this.#order.within({ after });
    const [row] = await session.rows(
      'finding the end of a chunk',
      `SELECT ${this.#order.select} FROM ${this.#join} WHERE p.k = ?${where} ORDER BY ${this.#order.orderBy} LIMIT 1 OFFSET ?`,
      [key, ...parameters, rows - 1],
    );
    return row && this.#order.read(row);
  }
}
