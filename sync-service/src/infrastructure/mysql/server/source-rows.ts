import type { Key } from '../../../domain/change.ts';
import type { ReadRow } from '../../../domain/read.ts';
import { parseKey, parseValue, type SourceSchema } from '../../../domain/source-schema.ts';
import { SyncError } from '../../../errors.ts';
import { type Database, quoted, type Row } from './database.ts';
import { isUnconvertible } from './fault.ts';
import { gtidSet, unitedGtids } from './gtid-set.ts';

/** Rows as one moment of a server has them. */
export interface ReadPage {
  readonly rows: readonly ReadRow[];
  /** What of the GTID set that was asked for the server has not executed yet; empty: nothing, so the rows may be used. */
  readonly missing: string;
  /** What the server had executed when it was read. */
  readonly executed: string;
  /** The server has GTIDs, without which nobody can tell what its rows contain. */
  readonly hasGtids: boolean;
  /** About how much memory the values take. */
  readonly bytes: number;
}

/**
 * What the source answers about these keys. One with a character that its key's character set lacks has no row there, fails
 * whatever is asked beside it, and is found by halving.
 */
export async function askAmong<T>(keys: readonly Key[], ask: (keys: readonly Key[]) => Promise<T>): Promise<T[]> {
  if (keys.length === 0) return [];
  try {
    return [await ask(keys)];
  } catch (error) {
    if (!isUnconvertible(error)) throw error;
  }
  if (keys.length === 1) return [];
  const half = Math.ceil(keys.length / 2);
  return [...(await askAmong(keys.slice(0, half), ask)), ...(await askAmong(keys.slice(half), ask))];
}

/**
 * Asks a source for rows: consistent reads that lock nothing, one round trip each with the COMMIT in it, since a
 * transaction that stays open would hold up an ALTER of the table, and every statement behind it.
 */
export class SourceRows {
  readonly #schema: SourceSchema;
  readonly #select: string;
  readonly #key: string;
  readonly #from: string;
  /** Of the key, where it may hold what utf8mb4 does not; empty: it does not. */
  #charset: string | undefined;

  constructor(schema: SourceSchema) {
    const { key, table, columns } = schema.mapping;
    this.#schema = schema;
    // With its table: ORDER BY takes a bare name for one of our aliases first.
    this.#key = quoted(table.table, key);
    const values = columns.map((column, i) => `${quoted(column)} AS c${i}`);
    this.#select = `SELECT ${[`${this.#key} AS k`, ...values].join(', ')}`;
    this.#from = `FROM ${quoted(table.database, table.table)}`;
  }

  /** The rows of these keys. A key without a row is in the page as well; one that the server spells otherwise is another key. */
  async ofKeys(source: Database, keys: readonly Key[], required: string): Promise<ReadPage> {
    const ask = (some: readonly Key[]) => this.#read(source, `WHERE ${this.#key} IN (?)`, [some], required);
    const found = await askAmong(keys, ask);
    const pages = found.length > 0 ? found : [await this.#read(source, 'WHERE FALSE', [], required)];
    const byKey = new Map(pages.flatMap(({ rows }) => rows).map((row) => [row.key, row]));
    return {
      rows: keys.map((key) => byKey.get(key) ?? { key, values: undefined }),
      missing: unitedGtids(pages.map(({ missing }) => missing)),
      executed: unitedGtids(pages.map(({ executed }) => executed)),
      hasGtids: pages.every(({ hasGtids }) => hasGtids),
      bytes: pages.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  /**
   * The rows after a key, in the order of the source; no more than `limit`. Fails where a key of them is another one once it
   * is UTF-8 and back: as a cursor it would skip rows, or come to the same ones for ever, and its own row is not found.
   */
  async after(source: Database, after: Key | undefined, limit: number, required: string): Promise<ReadPage> {
    if (after === undefined || this.#charset === undefined) this.#charset = await this.#readCharset(source);
    const where = after === undefined ? '' : `WHERE ${this.#key} > ?`;
    const parameters = after === undefined ? [limit] : [after, limit];
    return this.#read(source, `${where} ORDER BY ${this.#key} LIMIT ?`, parameters, required, this.#charset);
  }

  /** Those of the keys that have a row at the moment. */
  async existing(source: Database, keys: readonly Key[]): Promise<Set<Key>> {
    const { table } = this.#schema.mapping;
    const sql = `SELECT ${this.#key} AS k ${this.#from} WHERE ${this.#key} IN (?)`;
    const ask = (some: readonly Key[]) =>
      source.rows(`looking for rows of ${table.database}.${table.table}`, sql, [some]);
    const rows = (await askAmong(keys, ask)).flat();
    return new Set(rows.map((row) => parseKey(String(row.k), this.#schema.keyKind)));
  }

  /** Whether the table has no row at all. */
  async isEmpty(source: Database): Promise<boolean> {
    return (await source.rows('looking for a row', `${this.#select} ${this.#from} LIMIT 1`)).length === 0;
  }

  async #readCharset(source: Database): Promise<string> {
    const { key, table } = this.#schema.mapping;
    if (this.#schema.keyKind !== 'string') return '';
    const [row] = await source.rows(
      `reading the key of ${table.database}.${table.table}`,
      `SELECT character_set_name AS charset FROM information_schema.columns
       WHERE table_schema = ? AND table_name = ? AND column_name = ? AND character_set_name NOT LIKE 'utf8%'`,
      [table.database, table.table, key],
    );
    return row ? String(row.charset) : '';
  }

  /** `charset`: in which the keys are looked at. */
  async #read(
    source: Database,
    which: string,
    parameters: readonly unknown[],
    required: string,
    charset = '',
  ): Promise<ReadPage> {
    const { database, table } = this.#schema.mapping.table;
    const back = `CONVERT(CONVERT(${this.#key} USING utf8mb4) USING ${charset})`;
    const isOther = charset && `, CAST(${this.#key} AS BINARY) <> CAST(${back} AS BINARY) AS isOther`;
    const [[state], rows] = await source.transaction(`reading ${database}.${table}`, (tx) =>
      tx.roundTrip(
        // In this order: the rows are at least as new as what the server says it has executed.
        (t) => [
          t.rows(
            'reading gtid_executed',
            `SELECT GTID_SUBTRACT(?, @@global.gtid_executed) AS missing, @@global.gtid_executed AS executed,
               @@global.gtid_mode AS mode`,
            [required],
          ),
          t.rows(`reading ${database}.${table}`, `${this.#select}${isOther} ${this.#from} ${which}`, parameters),
        ],
        'commit',
      ),
    );
    if (rows.some((row) => Number(row.isOther) === 1)) {
      const { key } = this.#schema.mapping;
      const problem = `holds keys of ${charset} that are others in utf8mb4 and back: no row can be told by them`;
      throw new SyncError('contract_broken', `${database}.${table}.${key}: ${problem}; change its character set`);
    }
    return {
      rows: rows.map((row) => this.#toReadRow(row)),
      missing: gtidSet(state?.missing),
      executed: gtidSet(state?.executed),
      hasGtids: state?.mode === 'ON',
      bytes: rows.reduce((sum, row) => sum + sizeOf(row), 0),
    };
  }

  #toReadRow(row: Row): ReadRow {
    const { mapping, keyKind, columns } = this.#schema;
    return {
      key: parseKey(String(row.k), keyKind),
      values: columns.map(({ name, kind }, i) => {
        const value = parseValue(row[`c${i}`], kind);
        if (value !== undefined) return value;
        const { database, table } = mapping.table;
        throw new SyncError('contract_broken', `${database}.${table}.${name} is not what it was; friend-sync migrate`);
      }),
    };
  }
}

function sizeOf(row: Row): number {
  return Object.values(row).reduce<number>(
    (sum, value) => sum + 16 + (typeof value === 'string' || value instanceof Uint8Array ? value.length : 0),
    0,
  );
}
