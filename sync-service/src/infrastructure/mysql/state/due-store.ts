import { compareKeys, type Key } from '../../../domain/change.ts';
import type { WaitingRead } from '../../../domain/key-facts.ts';
import { type KeyKind, parseKey } from '../../../domain/source-schema.ts';
import { readMoment } from '../server/clock.ts';
import { quoted, type Row, type Session } from '../server/database.ts';
import { MOST_REFUSED, type RefusedKey, randomToken, toRefused } from './pending-store.ts';
import { storedReason } from './reason.ts';

/** A key that is due for a read, as it was when it was claimed. */
export interface DueKey {
  readonly key: Key;
  /** Of its last mark: a key that was marked again meanwhile has another one. */
  readonly token: bigint;
  /** Looks again so many times, with growing delays, after the first: a row may be undecided (XA). 0: this is the first. */
  readonly again: number;
  /** Somebody has decided that the row counts as deleted if the source has none. */
  readonly takesGone: boolean;
}

/** After a correction the row is looked at again so many seconds later. */
const AGAIN_SECONDS = [10, 60, 600];
/** Whoever has claimed a key and is silent for so long has lost it. */
const LEASE_SECONDS = 60;
const LONGEST_BACK_OFF_SECONDS = 10;
/** A row that the mirror refuses is tried again so much later: somebody has to mend it. */
const REFUSED_SECONDS = 60;

/** The keys of one source whose rows must be read at the source, because a message did not tell all of them. */
export class DueStore {
  readonly #table: string;
  readonly #source: string;
  readonly #keyKind: KeyKind;

  constructor(stateDatabase: string, source: string, keyKind: KeyKind) {
    this.#table = quoted(stateDatabase, 'due_key');
    this.#source = source;
    this.#keyKind = keyKind;
  }

  /**
   * Marks keys, in the transaction that makes them due. A key that is being looked at is looked at once more.
   * `takesGone`: see `DueKey.takesGone`; left out: what was decided stays.
   */
  async mark(tx: Session, keys: readonly Key[], { takesGone }: { readonly takesGone?: boolean } = {}): Promise<void> {
    if (keys.length === 0) return;
    const token = randomToken();
    const rows = sortedTexts(keys).map((key) => [this.#source, key, token, takesGone ?? false]);
    const decided = takesGone === undefined ? 'due_key.takes_gone' : 'n.takes_gone';
    await tx.write(
      'marking keys as due',
      `INSERT INTO ${this.#table} (source, k, token, takes_gone) VALUES ? AS n
       ON DUPLICATE KEY UPDATE due = LEAST(due_key.due, NOW(6) + INTERVAL 1 SECOND), since = IF(again > 0, NOW(6), since),
         looked_at = IF(again > 0, NULL, looked_at), token = n.token, takes_gone = ${decided},
         again = 0, attempts = 0, refused = NULL`,
      [rows],
    );
  }

  /** Has keys that were corrected looked at again later, unless they are due already. */
  async markAgain(tx: Session, keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const token = randomToken();
    await tx.write(
      'marking keys as due',
      `INSERT IGNORE INTO ${this.#table} (source, k, token, again, due) VALUES ${keys.map(() => `(?, ?, ?, 1, NOW(6) + INTERVAL ${AGAIN_SECONDS[0]} SECOND)`).join(', ')}`,
      sortedTexts(keys).flatMap((key) => [this.#source, key, token]),
    );
  }

  /** Claims up to `limit` due keys, longest due first. */
  async claim(tx: Session, limit: number): Promise<DueKey[]> {
    const rows = await tx.rows(
      'claiming due keys',
      `SELECT k, token, again, takes_gone FROM ${this.#table} WHERE source = ? AND due <= NOW(6) ORDER BY due LIMIT ? FOR UPDATE SKIP LOCKED`,
      [this.#source, limit],
    );
    if (rows.length === 0) return [];
    await tx.write(
      'claiming due keys',
      `UPDATE ${this.#table} SET due = NOW(6) + INTERVAL ${LEASE_SECONDS} SECOND WHERE source = ? AND k IN (?)`,
      [this.#source, rows.map((row) => row.k)],
    );
    return rows.map((row) => this.#toDue(row));
  }

  /**
   * Ends a look at keys that found them right: they leave, or are looked at again later, unless they were marked
   * meanwhile. The caller holds the locks of their mirror rows, which lie below the water of the look.
   */
  async settle(tx: Session, keys: readonly DueKey[]): Promise<void> {
    const settled = [...new Set(keys.map((key) => key.again))].map((again) => {
      const some = keys.filter((key) => key.again === again);
      const seconds = again === 0 ? undefined : AGAIN_SECONDS[again];
      const which = [this.#source, some.map(({ key, token }) => [String(key), token])];
      if (seconds === undefined)
        return tx.write('settling keys', `DELETE FROM ${this.#table} WHERE source = ? AND (k, token) IN (?)`, which);
      return tx.write(
        'settling keys',
        `UPDATE ${this.#table} SET again = again + 1, refused = NULL, due = NOW(6) + INTERVAL ? SECOND WHERE source = ? AND (k, token) IN (?)`,
        [seconds, ...which],
      );
    });
    await Promise.all(settled);
  }

  /**
   * Has keys looked at again before long. `lookedSince`: by the database's clock, when the look began that read them and
   * wrote what it could; undefined: it did not come so far.
   */
  async postpone(session: Session, keys: readonly Key[], lookedSince?: string): Promise<void> {
    if (keys.length === 0) return;
    await session.write(
      'postponing due keys',
      `UPDATE ${this.#table} SET due = NOW(6) + INTERVAL
           IF(refused IS NULL, LEAST(${LONGEST_BACK_OFF_SECONDS}, 0.1 * POW(2, LEAST(attempts, 10))), ${REFUSED_SECONDS}) SECOND,
         attempts = attempts + 1, looked_at = COALESCE(?, looked_at)
       WHERE source = ? AND k IN (?)`,
      [lookedSince ?? null, this.#source, sortedTexts(keys)],
    );
  }

  /** Stores why the row of a key cannot be written; the key is due until it can, or is marked again. */
  async refuse(session: Session, key: Key, reason: string): Promise<void> {
    await session.write(
      'marking a key as refused',
      `INSERT INTO ${this.#table} (source, k, token, refused) VALUES (?) AS n ON DUPLICATE KEY UPDATE refused = n.refused`,
      [[this.#source, String(key), randomToken(), storedReason(reason)]],
    );
  }

  /** Keys whose rows the mirror refuses; at most {@link MOST_REFUSED}. */
  async refused(session: Session): Promise<RefusedKey[]> {
    const rows = await session.rows(
      'reading refused keys',
      `SELECT k, since, refused AS reason FROM ${this.#table} WHERE source = ? AND refused IS NOT NULL ORDER BY k LIMIT ${MOST_REFUSED}`,
      [this.#source],
    );
    return rows.map((row) => toRefused(row, this.#keyKind));
  }

  /** What the mirror has refused is due at once; returns how many keys. */
  async retryRefused(session: Session): Promise<number> {
    const { matched } = await session.write(
      'waking refused keys',
      `UPDATE ${this.#table} SET due = NOW(6) WHERE source = ? AND refused IS NOT NULL`,
      [this.#source],
    );
    return matched;
  }

  /** How many keys are refused. */
  async countRefused(session: Session): Promise<number> {
    const [row] = await session.rows(
      'counting refused keys',
      `SELECT COUNT(*) AS n FROM ${this.#table} WHERE source = ? AND refused IS NOT NULL`,
      [this.#source],
    );
    return Number(row?.n);
  }

  /** How a key waits for its read; undefined: it does not. */
  async find(session: Session, key: Key): Promise<WaitingRead | undefined> {
    const [row] = await session.rows(
      'looking for a due key',
      `SELECT since, attempts, again, refused FROM ${this.#table} WHERE source = ? AND k = ?`,
      [this.#source, String(key)],
    );
    if (!row) return undefined;
    const refused = row.refused === null ? undefined : String(row.refused);
    return { since: String(row.since), attempts: Number(row.attempts), isAgain: Number(row.again) > 0, refused };
  }

  /** Differs from one look to the next if some key was marked, looked at or settled. */
  async fingerprint(session: Session): Promise<string> {
    const rows = await session.rows(
      'reading due keys',
      `SELECT COUNT(*) AS n, BIT_XOR(token) AS tokens, MAX(looked_at) AS looked FROM ${this.#table} WHERE source = ? AND again = 0`,
      [this.#source],
    );
    return JSON.stringify(rows);
  }

  /** Up to when keys have become due: now, by the server's clock. */
  moment(session: Session): Promise<string> {
    return readMoment(session, this.#table, this.#source);
  }

  /** Keys that were due at `moment` and have not been looked at since, refused ones excepted; all that are due if there is none. */
  async count(session: Session, moment?: string): Promise<number> {
    const [row] = await session.rows(
      'counting due keys',
      `SELECT COUNT(*) AS n FROM ${this.#table} WHERE source = ? AND again = 0
         ${moment ? 'AND since <= ? AND refused IS NULL AND (looked_at IS NULL OR looked_at < ?)' : ''}`,
      moment ? [this.#source, moment, moment] : [this.#source],
    );
    return Number(row?.n);
  }

  #toDue(row: Row): DueKey {
    return {
      key: parseKey(row.k as string, this.#keyKind),
      token: BigInt(row.token as string),
      again: Number(row.again),
      takesGone: Number(row.takes_gone) === 1,
    };
  }
}

/** Sorted as the column sorts, so that locks are taken in one order everywhere. */
function sortedTexts(keys: readonly Key[]): string[] {
  return keys.map(String).sort(compareKeys);
}
