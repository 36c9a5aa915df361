import { compareKeys, type Key } from '../../domain/change.ts';
import type { Doubt } from '../../domain/doubt.ts';
import { type KeyKind, parseKey } from '../../domain/source-schema.ts';
import { quoted, type Row, type Session } from './database.ts';

/** The keys of one source whose last read is in doubt. */
export class DoubtStore {
  readonly #table: string;
  readonly #source: string;
  readonly #keyKind: KeyKind;

  constructor(stateDatabase: string, source: string, keyKind: KeyKind) {
    this.#table = quoted(stateDatabase, 'doubt');
    this.#source = source;
    this.#keyKind = keyKind;
  }

  async add(tx: Session, doubts: ReadonlyMap<Key, Doubt>): Promise<void> {
    if (doubts.size === 0) return;
    // Sorted as the column sorts, so that locks are taken in one order everywhere.
    const sorted = [...doubts].sort(([a], [b]) => compareKeys(String(a), String(b)));
    const rows = sorted.map((doubt) => [this.#source, ...toColumns(doubt)]);
    await tx.write(
      'noting doubts',
      `INSERT INTO ${this.#table} (source, k, epoch, \`partition\`, \`offset\`, read_at) VALUES ? AS n
       ON DUPLICATE KEY UPDATE epoch = n.epoch, \`partition\` = n.\`partition\`, \`offset\` = n.\`offset\`, read_at = n.read_at,
         since = NOW(6), due = NOW(6)`,
      [rows],
    );
  }

  async read(session: Session, keys: readonly Key[]): Promise<Map<Key, Doubt>> {
    if (keys.length === 0) return new Map();
    return this.#select(session, 'AND k IN (?)', [keys.map(String)]);
  }

  /** Up to `limit` keys in doubt. */
  list(session: Session, limit: number): Promise<Map<Key, Doubt>> {
    return this.#select(session, 'ORDER BY k LIMIT ?', [limit]);
  }

  /** Of these keys those that nobody has claimed; they are the caller's for so many seconds. */
  async claim(tx: Session, keys: readonly Key[], seconds: number): Promise<Key[]> {
    if (keys.length === 0) return [];
    const rows = await tx.rows(
      'claiming doubts',
      `SELECT k FROM ${this.#table} WHERE source = ? AND k IN (?) AND due <= NOW(6) FOR UPDATE SKIP LOCKED`,
      [this.#source, keys.map(String)],
    );
    const claimed = rows.map((row) => parseKey(row.k as string, this.#keyKind));
    await this.postpone(tx, claimed, seconds);
    return claimed;
  }

  /** Nobody claims these keys for so many seconds. */
  async postpone(session: Session, keys: readonly Key[], seconds: number): Promise<void> {
    if (keys.length === 0) return;
    await session.write(
      'postponing doubts',
      `UPDATE ${this.#table} SET due = NOW(6) + INTERVAL ? SECOND WHERE source = ? AND k IN (?)`,
      [seconds, this.#source, keys.map(String)],
    );
  }

  /** Ends doubts that are over; one that has begun anew meanwhile stays. */
  async end(session: Session, doubts: ReadonlyMap<Key, Doubt>): Promise<void> {
    if (doubts.size === 0) return;
    await session.write(
      'ending doubts',
      `DELETE FROM ${this.#table} WHERE source = ? AND (k, epoch, \`partition\`, \`offset\`, read_at) IN (?)`,
      [this.#source, [...doubts].map(toColumns)],
    );
  }

  /** Keys that came into doubt up to `moment`; all of them if there is none. */
  async count(session: Session, moment?: string): Promise<number> {
    const [row] = await session.rows(
      'counting doubts',
      `SELECT COUNT(*) AS n FROM ${this.#table} WHERE source = ? ${moment ? 'AND since <= ?' : ''}`,
      moment ? [this.#source, moment] : [this.#source],
    );
    return Number(row?.n);
  }

  async #select(session: Session, which: string, parameters: readonly unknown[]): Promise<Map<Key, Doubt>> {
    const rows = await session.rows(
      'reading doubts',
      `SELECT k, epoch, \`partition\`, \`offset\`, read_at FROM ${this.#table} WHERE source = ? ${which}`,
      [this.#source, ...parameters],
    );
    return new Map(rows.map((row) => [parseKey(row.k as string, this.#keyKind), toDoubt(row)]));
  }
}

function toColumns([key, { against, readAt }]: readonly [Key, Doubt]): unknown[] {
  return [String(key), against.epoch, against.partition, against.offset, readAt];
}

function toDoubt(row: Row): Doubt {
  const { epoch, partition, offset, read_at } = row;
  const against = { epoch: Number(epoch), partition: Number(partition), offset: BigInt(offset as string) };
  return { against, readAt: BigInt(read_at as string) };
}
