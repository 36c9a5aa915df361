import { compareKeys, type Key, type Value } from '../../../domain/change.ts';
import type { MirrorRow } from '../../../domain/decide.ts';
import { parseKey, parseValue, type SourceSchema } from '../../../domain/source-schema.ts';
import { type Fragment, quoted, type Row, type Session } from '../server/database.ts';
import { isOutOfTime } from '../server/fault.ts';
import { mirrorName, unknownColumn, valueColumn } from './mirror-table.ts';

/** Who looks at the status of a system waits for it, and may do so again and again. */
const COUNT_MS = 5_000;
/** What only own reads and messages that do not say all of a row have to do with. */
const READ_COLUMNS = ['fs_read', 'fs_known_until'];

/** Reads and writes the mirror of one source. Every method runs in the caller's transaction. */
export class MirrorStore {
  readonly table: string;
  readonly #schema: SourceSchema;
  readonly #select: string;
  readonly #read: string;
  readonly #write: string;
  readonly #columns: readonly string[];
  readonly #forgotten: readonly string[];

  /** `unmapped`: columns that the mirror still has from a mapping that had them. */
  constructor(stateDatabase: string, schema: SourceSchema, unmapped: readonly string[]) {
    this.#schema = schema;
    this.table = quoted(stateDatabase, mirrorName(schema.mapping.name));
    const values = schema.mapping.columns.map(valueColumn).map((c) => quoted(c));
    const unknowns = schema.mapping.columns.map(unknownColumn).map((c) => quoted(c));
    const columns = [
      '`k`',
      ...values,
      ...unknowns,
      'fs_epoch',
      'fs_partition',
      'fs_offset',
      'fs_committed_at_ms',
      'fs_deleted',
      ...READ_COLUMNS,
    ];
    this.#select = `SELECT ${columns.join(', ')} FROM ${this.table}`;
    this.#read = `${this.#select} WHERE \`k\` IN (?) ORDER BY \`k\``;
    const replaced = columns.slice(1).map((c) => `${c} = n.${c}`);
    // Their values stay behind from here on: should they be mapped again, an old value must not pass for the newest.
    const forgotten = unmapped.map((name) => `${quoted(unknownColumn(name))} = 1`);
    this.#columns = columns;
    this.#forgotten = forgotten;
    this.#write = `INSERT INTO ${this.table} (${columns.join(', ')}) VALUES ? AS n ON DUPLICATE KEY UPDATE ${[...replaced, ...forgotten].join(', ')}`;
  }

  /** The rows of these keys, locked in key order until the transaction ends. */
  async lock(tx: Session, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    return this.#readKeys(tx, `${this.#read} FOR UPDATE`, keys);
  }

  /** Those of the keys that have a row. */
  async existing(session: Session, keys: readonly Key[]): Promise<Key[]> {
    if (keys.length === 0) return [];
    const sql = `SELECT \`k\` FROM ${this.table} WHERE \`k\` IN (?)`;
    const rows = await session.rows('reading the mirror', sql, [keys]);
    return rows.map((row) => parseKey(String(row.k), this.#schema.keyKind));
  }

  /** The rows of these keys, locked without waiting for anybody: without those that somebody else has locked. */
  async lockFree(tx: Session, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    return this.#readKeys(tx, `${this.#read} FOR UPDATE SKIP LOCKED`, keys);
  }

  /** The rows of these keys as they are at the moment. */
  async read(session: Session, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    return this.#readKeys(session, this.#read, keys);
  }

  /** The keys after a key of rows that are not deleted, in key order; no more than `limit`. */
  async liveKeysAfter(session: Session, after: Key | undefined, limit: number): Promise<Key[]> {
    const where = after === undefined ? '' : 'AND `k` > ?';
    const sql = `SELECT \`k\` FROM ${this.table} WHERE NOT fs_deleted ${where} ORDER BY \`k\` LIMIT ?`;
    const rows = await session.rows('reading the mirror', sql, after === undefined ? [limit] : [after, limit]);
    return rows.map((row) => parseKey(String(row.k), this.#schema.keyKind));
  }

  async #readKeys(session: Session, sql: string, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    if (keys.length === 0) return new Map();
    const rows = await session.rows('reading the mirror', sql, [[...keys].sort(compareKeys)]);
    return new Map(rows.map((row) => this.#toRow(row)).map((row) => [row.key, row]));
  }

  /** Keys of which some mapped column is unknown. Reads the whole table; undefined where that takes longer than seconds. */
  async countIncomplete(session: Session): Promise<number | undefined> {
    const unknown = this.#schema.mapping.columns.map((name) => quoted(unknownColumn(name))).join(' OR ');
    const sql = `SELECT /*+ MAX_EXECUTION_TIME(${COUNT_MS}) */ COUNT(*) AS n FROM ${this.table} WHERE NOT fs_deleted AND (${unknown})`;
    const rows = await session.rows('counting incomplete keys', sql).catch((error) => {
      if (isOutOfTime(error)) return undefined;
      throw error;
    });
    return rows && Number(rows[0]?.n);
  }

  /** Inserts or replaces rows, in key order. */
  async write(tx: Session, rows: readonly MirrorRow[]): Promise<void> {
    if (rows.length === 0) return;
    const sorted = [...rows].sort((a, b) => compareKeys(a.key, b.key));
    await tx.write('writing the mirror', this.#write, [sorted.map((row) => this.#toColumns(row))]);
  }

  /** What gives the row `alias` these values, all of them known. */
  assignments(alias: string, row: MirrorRow): Fragment {
    const told = this.#columns.slice(1, -READ_COLUMNS.length);
    const assigned = told.map((column) => `${alias}.${column} = ?`);
    const forgotten = this.#forgotten.map((assignment) => `${alias}.${assignment}`);
    const parameters = this.#toColumns(row).slice(1, -READ_COLUMNS.length);
    return { sql: [...assigned, ...forgotten].join(', '), parameters };
  }

  #toRow(row: Row): MirrorRow {
    const { columns, keyKind } = this.#schema;
    return {
      key: parseKey(String(row.k), keyKind),
      values: columns.map(({ name, kind }) =>
        Number(row[unknownColumn(name)]) ? undefined : parseValue(row[valueColumn(name)], kind),
      ),
      position: {
        epoch: row.fs_epoch as number,
        partition: row.fs_partition as number,
        offset: BigInt(row.fs_offset as string),
      },
      committedAtMs: row.fs_committed_at_ms === null ? null : Number(row.fs_committed_at_ms),
      isDeleted: Number(row.fs_deleted) === 1,
      readNumber: BigInt(row.fs_read as string),
      knownUntil: BigInt(row.fs_known_until as string),
    };
  }

  #toColumns(row: MirrorRow): unknown[] {
    const values: (Value | undefined)[] = this.#schema.mapping.columns.map((_, i) => row.values[i]);
    const { epoch, partition, offset } = row.position;
    return [
      row.key,
      ...values.map((value) => value ?? null),
      ...values.map((value) => value === undefined),
      epoch,
      partition,
      offset,
      row.committedAtMs,
      row.isDeleted,
      row.readNumber,
      row.knownUntil,
    ];
  }
}
