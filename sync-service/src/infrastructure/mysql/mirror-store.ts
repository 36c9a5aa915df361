import { compareKeys, type Key, type Value } from '../../domain/change.ts';
import type { MirrorRow } from '../../domain/decide.ts';
import { parseKey, parseValue, type SourceSchema } from '../../domain/source-schema.ts';
import { type Fragment, quoted, type Row, type Session } from './database.ts';
import { mirrorName, unknownColumn, valueColumn } from './mirror-table.ts';

/** Reads and writes the mirror of one source. Every method runs in the caller's transaction. */
export class MirrorStore {
  readonly table: string;
  readonly #schema: SourceSchema;
  readonly #read: string;
  readonly #insert: string;
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
    ];
    this.#read = `SELECT ${columns.join(', ')} FROM ${this.table} WHERE \`k\` IN (?) ORDER BY \`k\``;
    const replaced = columns.slice(1).map((c) => `${c} = n.${c}`);
    // Their values stay behind from here on: should they be mapped again, an old value must not pass for the newest.
    const forgotten = unmapped.map((name) => `${quoted(unknownColumn(name))} = 1`);
    this.#columns = columns;
    this.#forgotten = forgotten;
    this.#insert = `INSERT INTO ${this.table} (${columns.join(', ')}) VALUES ? AS n ON DUPLICATE KEY UPDATE`;
    this.#write = `${this.#insert} ${[...replaced, ...forgotten].join(', ')}`;
  }

  /** The rows of these keys, locked in key order until the transaction ends. */
  async lock(tx: Session, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    return this.#select(tx, `${this.#read} FOR UPDATE`, keys);
  }

  /** The rows of these keys as they are at the moment. */
  async read(session: Session, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    return this.#select(session, this.#read, keys);
  }

  async #select(session: Session, sql: string, keys: readonly Key[]): Promise<Map<Key, MirrorRow>> {
    if (keys.length === 0) return new Map();
    const rows = await session.rows('reading the mirror', sql, [[...keys].sort(compareKeys)]);
    return new Map(rows.map((row) => this.#toRow(row)).map((row) => [row.key, row]));
  }

  /** Keys of which some mapped column is unknown. Reads the whole table. */
  async countIncomplete(session: Session): Promise<number> {
    const unknown = this.#schema.mapping.columns.map((name) => quoted(unknownColumn(name))).join(' OR ');
    const [row] = await session.rows(
      'counting incomplete keys',
      `SELECT COUNT(*) AS n FROM ${this.table} WHERE NOT fs_deleted AND (${unknown})`,
    );
    return Number(row?.n);
  }

  /** Inserts or replaces rows, in key order. */
  write(tx: Session, rows: readonly MirrorRow[]): Promise<void> {
    return this.#writeAll(tx, this.#write, rows);
  }

  /** Inserts rows, in key order; where there is one already, it stays as it is. */
  add(tx: Session, rows: readonly MirrorRow[]): Promise<void> {
    return this.#writeAll(tx, `${this.#insert} k = n.k`, rows);
  }

  async #writeAll(tx: Session, sql: string, rows: readonly MirrorRow[]): Promise<void> {
    if (rows.length === 0) return;
    const sorted = [...rows].sort((a, b) => compareKeys(a.key, b.key));
    await tx.write('writing the mirror', sql, [sorted.map((row) => this.#toColumns(row))]);
  }

  /** What gives the row `alias` these values. */
  assignments(alias: string, row: MirrorRow): Fragment {
    const assigned = this.#columns.slice(1).map((column) => `${alias}.${column} = ?`);
    const forgotten = this.#forgotten.map((assignment) => `${alias}.${assignment}`);
    return { sql: [...assigned, ...forgotten].join(', '), parameters: this.#toColumns(row).slice(1) };
  }

  #toRow(row: Row): MirrorRow {
    const { mapping, keyKind, columnKinds } = this.#schema;
    return {
      key: parseKey(String(row.k), keyKind),
      values: mapping.columns.map((name, i) =>
        Number(row[unknownColumn(name)]) ? undefined : parseValue(row[valueColumn(name)], columnKinds[i] ?? 'text'),
      ),
      position: {
        epoch: row.fs_epoch as number,
        partition: row.fs_partition as number,
        offset: BigInt(row.fs_offset as string),
      },
      committedAtMs: row.fs_committed_at_ms === null ? null : Number(row.fs_committed_at_ms),
      isDeleted: Number(row.fs_deleted) === 1,
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
    ];
  }
}
