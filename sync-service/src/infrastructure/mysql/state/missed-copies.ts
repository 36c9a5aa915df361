import { quoted, type Session } from '../server/database.ts';
import { randomToken } from './pending-store.ts';

/**
 * The copies of one source of which a change may have been passed over, by the ids of their mapping. Whoever passes one over
 * marks it in the transaction that does so; the mark stays until the copy has been swept as a whole since.
 */
export class MissedCopies {
  readonly #table: string;
  readonly #source: string;

  constructor(stateDatabase: string, source: string) {
    this.#table = quoted(stateDatabase, 'missed_copy');
    this.#source = source;
  }

  /** Each mark has a token of its own. */
  async mark(session: Session, copies: readonly string[]): Promise<void> {
    if (copies.length === 0) return;
    await session.write(
      'marking copies as missed',
      `INSERT INTO ${this.#table} (source, copy, token) VALUES ? AS n ON DUPLICATE KEY UPDATE token = n.token`,
      [[...copies].sort().map((copy) => [this.#source, copy, randomToken()])],
    );
  }

  /** The newest mark of each copy that has one. */
  async marks(session: Session): Promise<ReadonlyMap<string, bigint>> {
    const rows = await session.rows(
      'reading which copies were missed',
      `SELECT copy, token FROM ${this.#table} WHERE source = ?`,
      [this.#source],
    );
    return new Map(rows.map((row) => [row.copy as string, BigInt(row.token as string)]));
  }

  /** The copy was swept from its beginning after this mark was read: it goes, unless it was marked again meanwhile. */
  async swept(session: Session, copy: string, token: bigint): Promise<void> {
    await session.write(
      'noting that a copy was swept',
      `DELETE FROM ${this.#table} WHERE source = ? AND copy = ? AND token = ?`,
      [this.#source, copy, token],
    );
  }
}
