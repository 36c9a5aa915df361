import { randomBytes } from 'node:crypto';
import { compareKeys, type Key } from '../../../domain/change.ts';
import type { Claim, ClaimedKey, Cursor } from '../../../domain/claim.ts';
import type { PendingKey } from '../../../domain/key-facts.ts';
import { type KeyKind, parseKey } from '../../../domain/source-schema.ts';
import { readMoment } from '../server/clock.ts';
import { quoted, type Row, type Session } from '../server/database.ts';
import { storedReason } from './reason.ts';

/** No more keys are named. */
export const MOST_REFUSED = 100;

/** A key that a target or the mirror refuses. */
export interface RefusedKey {
  readonly key: Key;
  /** UTC. */
  readonly since: string;
  readonly reason: string;
}

export function toRefused({ k, since, reason }: Row, keyKind: KeyKind): RefusedKey {
  return { key: parseKey(k as string, keyKind), since: String(since), reason: String(reason) };
}

/** The pending keys of one source. A row is here as long as some copy of its key may differ from the mirror. */
export class PendingStore {
  /** Quoted. */
  readonly table: string;
  readonly #source: string;
  readonly #keyKind: KeyKind;
  readonly #lease: string;
  readonly #onStep: (tx: Session) => Promise<void>;

  /** `onStep`: what every transaction does that completes keys, or stores how far the pass of one has come. */
  constructor(
    stateDatabase: string,
    source: string,
    keyKind: KeyKind,
    leaseMs: number,
    onStep: (tx: Session) => Promise<void> = async () => {},
  ) {
    this.table = quoted(stateDatabase, 'pending');
    this.#source = source;
    this.#keyKind = keyKind;
    this.#lease = `NOW(6) + INTERVAL ${leaseMs * 1000} MICROSECOND`;
    this.#onStep = onStep;
  }

  /**
   * Marks keys. A mark never moves `due` of a claimed key and never touches its token, cursor or pass. Where it has no
   * delay, it has no key wait longer either: one that changes again and again gets its turn.
   */
  async mark(tx: Session, keys: readonly Key[], delaySeconds = 0): Promise<void> {
    if (keys.length === 0) return;
    const due = `NOW(6) + INTERVAL ${delaySeconds} SECOND`;
    const moved = delaySeconds > 0 ? due : `LEAST(due, ${due})`;
    await tx.write(
      'marking keys',
      `INSERT INTO ${this.table} (source, k, due) VALUES ${keys.map(() => `(?, ?, ${due})`).join(', ')}
       ON DUPLICATE KEY UPDATE generation = generation + 1, due = IF(token IS NULL, ${moved}, due), attempts = 0`,
      sortedTexts(keys).flatMap((key) => [this.#source, key]),
    );
  }

  /**
   * Claims up to `limit` keys that are due since `ripeSeconds` at least, longest due first; rows that another claim is just
   * taking are skipped.
   */
  async claim(tx: Session, limit: number, ripeSeconds = 0): Promise<Claim | undefined> {
    const rows = await tx.rows(
      'claiming keys',
      `SELECT k, cur FROM ${this.table} WHERE source = ? AND due <= NOW(6) - INTERVAL ? SECOND ORDER BY due LIMIT ? FOR UPDATE SKIP LOCKED`,
      [this.#source, ripeSeconds, limit],
    );
    if (rows.length === 0) return undefined;
    const token = randomToken();
    await tx.write(
      'claiming keys',
      `UPDATE ${this.table} SET token = ?, due = ${this.#lease},
         pass_generation = IF(cur IS NULL, generation, pass_generation), pass_since = IF(cur IS NULL, NOW(6), pass_since)
       WHERE source = ? AND k IN (?)`,
      [token, this.#source, rows.map((row) => row.k)],
    );
    return { source: this.#source, token, keys: rows.map((row) => this.#toClaimed(row)) };
  }

  #toClaimed(row: Row): ClaimedKey {
    const cursor = row.cur === null ? undefined : (JSON.parse(row.cur as string) as Cursor);
    return { key: parseKey(row.k as string, this.#keyKind), cursor };
  }

  /**
   * Ends the pass of keys that this claim still holds: those that were not marked since the pass began leave the
   * table; the others are due at once, for a new pass. So are parked keys that wait for one of them. Belongs into the
   * transaction that wrote their last copies.
   */
  async complete(tx: Session, token: bigint, keys: readonly Key[]): Promise<void> {
    const texts = sortedTexts(keys);
    const completed = tx.write(
      'completing keys',
      `DELETE FROM ${this.table} WHERE source = ? AND k IN (?) AND token = ? AND generation = pass_generation`,
      [this.#source, texts, token],
    );
    const released = tx.write(
      'releasing keys',
      `UPDATE ${this.table} SET since = pass_since, token = NULL, cur = NULL, pass_generation = NULL, pass_since = NULL, due = NOW(6)
       WHERE source = ? AND k IN (?) AND token = ?`,
      [this.#source, texts, token],
    );
    await Promise.all([completed, released, this.wake(tx, texts), this.#onStep(tx)]);
  }

  /**
   * Copies of these keys were written: what is parked because one of them held a value is due at once. The index is forced:
   * since hardly a row waits for another, MySQL takes it for worthless, and reads all that is pending.
   */
  async wake(tx: Session, keys: readonly Key[]): Promise<void> {
    await tx.write(
      'waking parked keys',
      `UPDATE ${this.table} FORCE INDEX (pending_waits) SET due = NOW(6)
       WHERE source = ? AND waits_for IN (?) AND token IS NULL`,
      [this.#source, keys.map(String)],
    );
  }

  /**
   * Stores how far the pass of a key has come and lets the key go, so that other keys have their turn before its next
   * chunk. False: the claim was lost, and the caller's transaction must be rolled back.
   */
  async leaveAt(tx: Session, token: bigint, key: Key, cursor: Cursor): Promise<boolean> {
    const stored = tx.write(
      'storing the cursor',
      `UPDATE ${this.table} SET cur = ?, token = NULL, due = NOW(6) WHERE source = ? AND k = ? AND token = ?`,
      [JSON.stringify(cursor), this.#source, String(key), token],
    );
    const [{ matched }] = await Promise.all([stored, this.#onStep(tx)]);
    return matched === 1;
  }

  /** Lets keys go without completing them; their pass goes on from the cursor. */
  async release(tx: Session, token: bigint, keys: readonly Key[]): Promise<void> {
    await tx.write(
      'releasing keys',
      `UPDATE ${this.table} SET token = NULL, due = NOW(6) WHERE source = ? AND k IN (?) AND token = ?`,
      [this.#source, sortedTexts(keys), token],
    );
  }

  /** Lets a key go whose pass must begin anew. */
  async restart(tx: Session, token: bigint, key: Key, delaySeconds = 0): Promise<void> {
    await this.#letGo(tx, token, key, `due = NOW(6) + INTERVAL ${delaySeconds} SECOND`);
  }

  /**
   * Parks a key that the target refuses: due again after a delay that doubles with each attempt, up to five minutes, or
   * once copies of `waitsFor` have been written. A new mark un-parks it; one that came during the pass keeps it from being
   * parked, since the value that was refused may be the one before.
   */
  async park(tx: Session, token: bigint, key: Key, reason: string, waitsFor?: Key): Promise<void> {
    const due =
      'due = NOW(6) + INTERVAL IF(generation = pass_generation, LEAST(300, POW(2, LEAST(attempts, 10))), 0) SECOND';
    const attempts = 'attempts = attempts + IF(generation = pass_generation, 1, 0)';
    await this.#letGo(tx, token, key, `${due}, ${attempts}, last_error = ?, waits_for = ?`, [
      storedReason(reason),
      waitsFor === undefined ? null : String(waitsFor),
    ]);
  }

  /** Has a key that was parked, and whose copies have been written since, looked at again at once; after its pass, if one is under way. */
  async unpark(tx: Session, key: Key, condition: string): Promise<void> {
    await tx.write(
      'un-parking a key',
      `UPDATE ${this.table} SET generation = generation + 1, due = IF(token IS NULL, NOW(6), due), attempts = 0
       WHERE source = ? AND k = ? AND attempts > 0 AND ${condition}`,
      [this.#source, String(key)],
    );
  }

  /** What a target has refused is due at once; returns how many keys. */
  async retryParked(session: Session): Promise<number> {
    const { matched } = await session.write(
      'waking parked keys',
      `UPDATE ${this.table} SET due = NOW(6) WHERE source = ? AND attempts > 0 AND token IS NULL`,
      [this.#source],
    );
    return matched;
  }

  /** Lets a key go whose copies somebody else has locked; its pass goes on from the cursor in about a second. */
  async retryLater(tx: Session, token: bigint, key: Key, cursor: Cursor): Promise<void> {
    const released = tx.write(
      'releasing keys',
      `UPDATE ${this.table} SET due = NOW(6) + INTERVAL 500000 + RAND() * 500000 MICROSECOND, token = NULL, cur = ?
       WHERE source = ? AND k = ? AND token = ?`,
      [JSON.stringify(cursor), this.#source, String(key), token],
    );
    await Promise.all([released, this.#onStep(tx)]);
  }

  /** Up to when keys have been marked: now, by the server's clock. */
  moment(session: Session): Promise<string> {
    return readMoment(session, this.table, this.#source);
  }

  /** Keys marked up to `moment` whose fan-out has not ended; parked ones do not count. */
  async countUnsettled(session: Session, moment: string): Promise<number> {
    const [row] = await session.rows(
      'counting pending keys',
      `SELECT COUNT(*) AS n FROM ${this.table} WHERE source = ? AND since <= ? AND attempts = 0`,
      [this.#source, moment],
    );
    return Number(row?.n);
  }

  /** Changes whenever a key is marked or completed, or a cursor moves; claims alone change nothing. */
  async fingerprint(session: Session): Promise<string> {
    const [row] = await session.rows(
      'looking at pending keys',
      `SELECT COUNT(*) AS n, BIT_XOR(CRC32(CONCAT_WS(':', k, generation, cur))) AS sum FROM ${this.table} WHERE source = ?`,
      [this.#source],
    );
    return `${row?.n}:${row?.sum}`;
  }

  /** All pending keys, and how many of them are parked. */
  async count(session: Session): Promise<{ pending: number; parked: number }> {
    const sql = `SELECT COUNT(*) AS pending, COALESCE(SUM(attempts > 0), 0) AS parked FROM ${this.table} WHERE source = ?`;
    const [row] = await session.rows('counting pending keys', sql, [this.#source]);
    return { pending: Number(row?.pending), parked: Number(row?.parked) };
  }

  /** How many seconds the oldest one waits that is not parked; undefined: there is none. */
  async oldestSeconds(session: Session): Promise<number | undefined> {
    const sql = `SELECT TIMESTAMPDIFF(SECOND, MIN(since), NOW(6)) AS n FROM ${this.table} WHERE source = ? AND attempts = 0`;
    const [row] = await session.rows('looking for the oldest pending key', sql, [this.#source]);
    return row?.n == null ? undefined : Number(row.n);
  }

  /** Why keys are parked, and how many for each reason, the most frequent first; no more than ten. */
  async parkedReasons(session: Session): Promise<{ reason: string; keys: number }[]> {
    const rows = await session.rows(
      'counting parked keys',
      `SELECT last_error AS reason, COUNT(*) AS n FROM ${this.table} WHERE source = ? AND attempts > 0
       GROUP BY last_error ORDER BY n DESC LIMIT 10`,
      [this.#source],
    );
    return rows.map(({ reason, n }) => ({ reason: String(reason), keys: Number(n) }));
  }

  /** How a key waits; undefined: it does not. */
  async find(session: Session, key: Key): Promise<PendingKey | undefined> {
    const [row] = await session.rows(
      'looking for a pending key',
      `SELECT since, due, attempts, last_error AS reason, waits_for AS waitsFor FROM ${this.table} WHERE source = ? AND k = ?`,
      [this.#source, String(key)],
    );
    if (!row) return undefined;
    const text = (value: unknown) => (value === null ? undefined : String(value));
    const attempts = Number(row.attempts);
    return {
      since: String(row.since),
      due: String(row.due),
      attempts,
      // What is no longer parked keeps its last reason.
      reason: attempts > 0 ? text(row.reason) : undefined,
      waitsFor: attempts > 0 ? text(row.waitsFor) : undefined,
    };
  }

  /** Keys that the target refused; at most {@link MOST_REFUSED}. */
  async parked(session: Session): Promise<RefusedKey[]> {
    const rows = await session.rows(
      'reading parked keys',
      `SELECT k, since, last_error AS reason FROM ${this.table} WHERE source = ? AND attempts > 0 ORDER BY k LIMIT ${MOST_REFUSED}`,
      [this.#source],
    );
    return rows.map((row) => toRefused(row, this.#keyKind));
  }

  async #letGo(tx: Session, token: bigint, key: Key, set: string, parameters: unknown[] = []): Promise<void> {
    await tx.write(
      'releasing keys',
      `UPDATE ${this.table} SET ${set}, token = NULL, cur = NULL, pass_generation = NULL, pass_since = NULL
       WHERE source = ? AND k = ? AND token = ?`,
      [...parameters, this.#source, String(key), token],
    );
  }
}

/** Sorted as the column sorts, so that locks are taken in one order everywhere. */
function sortedTexts(keys: readonly Key[]): string[] {
  return keys.map(String).sort(compareKeys);
}

/** 63 random bits: whoever finds another token has lost what it held. */
export function randomToken(): bigint {
  return randomBytes(8).readBigUInt64BE() >> 1n;
}
