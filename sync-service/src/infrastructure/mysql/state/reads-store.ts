import { SyncError } from '../../../errors.ts';
import { type Fragment, quoted, type Session } from '../server/database.ts';
import { randomToken } from './pending-store.ts';
import { storedReason } from './reason.ts';

/** Observations older than this are forgotten: a look does not take so long. */
const KEEP_LOOKS_SECONDS = 3_600;

/** `proof`: what a stream said was compared with the rows; `table`: the table is not what the connector takes it for. */
export type DistrustCause = 'proof' | 'table';

/** Why the values of a source's stream are not used. */
export interface Distrust {
  readonly by: DistrustCause;
  /** UTC. */
  readonly since: string;
  readonly reason: string;
}

/** What own reads of one source need to know of one another. */
export class ReadsStore {
  readonly #reads: string;
  readonly #looks: string;
  readonly #distrust: string;
  readonly #source: string;
  /** SQL of whether the mirror has the columns that it had when it was looked at. */
  readonly isCurrent: Fragment;

  /** `mirrorVersion`: {@link readMirrorVersion}'s, from before the mirror's columns were read. */
  constructor(stateDatabase: string, source: string, mirrorVersion: number) {
    this.#reads = quoted(stateDatabase, 'reads');
    this.#looks = quoted(stateDatabase, 'read_look');
    this.#distrust = quoted(stateDatabase, 'distrust');
    this.#source = source;
    this.isCurrent = { sql: `(${versionOf(stateDatabase)} = ?)`, parameters: [source, mirrorVersion] };
  }

  /** Stores that a look begins; what it stores is gone if the friend database is set back. */
  async beginLook(tx: Session): Promise<bigint> {
    const token = randomToken();
    await tx.write('beginning a look', `INSERT INTO ${this.#looks} (token) VALUES (?)`, [token]);
    return token;
  }

  /** Those of the tokens that are still stored. */
  async knownLooks(tx: Session, tokens: readonly bigint[]): Promise<Set<bigint>> {
    const sql = `SELECT token FROM ${this.#looks} WHERE token IN (?)`;
    const rows = await tx.rows('checking the look', sql, [tokens]);
    return new Set(rows.map((row) => BigInt(row.token as string)));
  }

  async forgetOldLooks(session: Session): Promise<void> {
    await session.write(
      'forgetting old looks',
      `DELETE FROM ${this.#looks} WHERE at < NOW(6) - INTERVAL ${KEEP_LOOKS_SECONDS} SECOND LIMIT 10000`,
    );
  }

  /**
   * To be asked in each transaction that writes the mirror, once it has locked something of that table: `migrate` raises the
   * version before it alters the table, for which it must wait until the transaction has ended.
   */
  async requireCurrent(session: Session): Promise<void> {
    const { sql, parameters } = this.isCurrent;
    const [row] = await session.rows('looking at the version of the mirror', `SELECT ${sql} AS isCurrent`, parameters);
    if (Number(row?.isCurrent) === 1) return;
    const problem = 'friend-sync migrate has changed its mirror since this daemon was started';
    throw new SyncError('daemon_outdated', `source ${this.#source}: ${problem}; restart this daemon`);
  }

  /** Stores by which mapping the source is followed from now on. True: it was another one before. */
  async followBy(tx: Session, mapping: string): Promise<boolean> {
    const sql = `SELECT mapping FROM ${this.#reads} WHERE source = ? FOR UPDATE`;
    const [row] = await tx.rows('reading the mapping', sql, [this.#source]);
    if (row?.mapping === mapping) return false;
    await tx.write('storing the mapping', `UPDATE ${this.#reads} SET mapping = ? WHERE source = ?`, [
      mapping,
      this.#source,
    ]);
    return typeof row?.mapping === 'string';
  }

  /** Number of the last own read that was written. */
  readNumber(session: Session): Promise<bigint> {
    return this.#select(session, '');
  }

  /** The same; nobody else writes reads of this source until the transaction ends. */
  lockNumber(tx: Session): Promise<bigint> {
    return this.#select(tx, 'FOR UPDATE');
  }

  async setNumber(tx: Session, readNumber: bigint): Promise<void> {
    await tx.write('numbering a read', `UPDATE ${this.#reads} SET read_number = ? WHERE source = ?`, [
      readNumber,
      this.#source,
    ]);
  }

  /** Makes the source's row; harmless when repeated. */
  async adopt(session: Session): Promise<void> {
    await session.write('adopting a source', `INSERT IGNORE INTO ${this.#reads} (source) VALUES (?)`, [this.#source]);
  }

  /** Every cause that there is; none: the stream is trusted. */
  async distrust(session: Session): Promise<Distrust[]> {
    const rows = await session.rows(
      'reading the trust',
      `SELECT cause, since, reason FROM ${this.#distrust} WHERE source = ? ORDER BY since`,
      [this.#source],
    );
    return rows.map(({ cause, since, reason }) => {
      return { by: cause as DistrustCause, since: String(since), reason: String(reason) };
    });
  }

  /** Withdraws the trust for a cause, beside others that there may be. */
  async setDistrust(session: Session, by: DistrustCause, reason: string): Promise<void> {
    await session.write(
      'withdrawing the trust',
      `INSERT INTO ${this.#distrust} (source, cause, reason) VALUES (?, ?, ?) AS n ON DUPLICATE KEY UPDATE reason = n.reason`,
      [this.#source, by, storedReason(reason)],
    );
  }

  /** These causes are no more. */
  async clearDistrust(session: Session, ...causes: DistrustCause[]): Promise<void> {
    await session.write('giving the trust back', `DELETE FROM ${this.#distrust} WHERE source = ? AND cause IN (?)`, [
      this.#source,
      causes,
    ]);
  }

  /** Whether this instance is to heal the source now, which nobody has done for so long. */
  async mayHeal(session: Session, seconds: number): Promise<boolean> {
    const { matched } = await session.write(
      'healing a source',
      `UPDATE ${this.#reads} SET healed_at = NOW(6)
       WHERE source = ? AND (healed_at IS NULL OR healed_at < NOW(6) - INTERVAL ? SECOND)`,
      [this.#source, seconds],
    );
    return matched === 1;
  }

  /** It did not come to that. */
  async takeBackHealing(session: Session): Promise<void> {
    await session.write('healing a source', `UPDATE ${this.#reads} SET healed_at = NULL WHERE source = ?`, [
      this.#source,
    ]);
  }

  async #select(session: Session, lock: string): Promise<bigint> {
    const sql = `SELECT read_number AS n FROM ${this.#reads} WHERE source = ? ${lock}`;
    const [row] = await session.rows('reading the number of reads', sql, [this.#source]);
    return BigInt((row?.n as string | undefined) ?? 0);
  }
}

const versionOf = (stateDatabase: string) =>
  `COALESCE((SELECT mirror_version FROM ${quoted(stateDatabase, 'reads')} WHERE source = ?), 0)`;

/** How often the columns of a source's mirror were changed. */
export async function readMirrorVersion(session: Session, stateDatabase: string, source: string): Promise<number> {
  const sql = `SELECT ${versionOf(stateDatabase)} AS version`;
  const [row] = await session.rows('reading the version of the mirror', sql, [source]);
  return Number(row?.version);
}
