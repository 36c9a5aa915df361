import type { Key } from '../../../domain/change.ts';
import { quoted, type Row, type Session } from '../server/database.ts';
import { randomToken } from './pending-store.ts';

/** Where a round stands: in which leg, behind which place of it. */
export interface RoundPlace {
  /** `source`, `mirror`, or the id of a copy mapping. */
  readonly leg: string;
  /** Behind this key, or this primary key of a copy, as text; empty: at the leg's beginning. */
  readonly after: readonly string[];
}

/** What a round has found so far. */
export interface RoundTally {
  readonly rowCount: number;
  /** Keys of which the mirror or a copy said something else than the source, unheard of. */
  readonly correctedKeys: number;
  /** Keys whose rows are gone, more than a round may take as deleted by itself; undefined: it has not looked. */
  readonly goneKeys?: number | undefined;
}

/** A round that this instance may go on with. */
export interface Round extends RoundTally {
  readonly token: bigint;
  /** Undefined: at its beginning. */
  readonly place: RoundPlace | undefined;
  /** Somebody waits for it: a first load, a backfill, a new epoch. Otherwise it is the patrol's. */
  readonly isAsked: boolean;
  /** So many rows that are gone, and the few that a round takes by itself, count as deleted. */
  readonly takesGone: number;
}

/** How the rounds of a source stand, for operators. */
export interface RoundReport extends RoundTally {
  /** Undefined: none is under way. */
  readonly leg: string | undefined;
  readonly isAsked: boolean;
  /** Requests that were made, and those that have been answered by a whole round. */
  readonly requests: bigint;
  readonly servedRequests: bigint;
  /** Since the round under way began; 0 without one. */
  readonly seconds: number;
  /** UTC; undefined: no round has ended yet. */
  readonly lastEndedAt: string | undefined;
  readonly lastAgeSeconds: number | undefined;
  readonly lastDurationMs: number;
  readonly lastRowCount: number;
  readonly lastCorrectedKeys: number;
  /** As many as the last round has told of that has looked for them. */
  readonly goneKeys: number;
}

/** Why a round is to begin soon. */
type Haste = 'rows gone' | 'another table' | 'copies missed';

/**
 * The rounds of one source: one row, with a lease and a random token. `due` is the lease's end or the next round's
 * beginning, by the database's clock, so that the round of an instance that died goes on elsewhere, at its cursor.
 */
export class RoundStore {
  readonly #table: string;
  readonly #source: string;

  constructor(stateDatabase: string, source: string) {
    this.#table = quoted(stateDatabase, 'round');
    this.#source = source;
  }

  /** Makes the source's row, whose first round is due at once; harmless when repeated. */
  async adopt(session: Session): Promise<void> {
    await session.write('adopting a source', `INSERT IGNORE INTO ${this.#table} (source) VALUES (?)`, [this.#source]);
  }

  /** Takes up the round that is due, if one is: a new one, or one that its instance has left or lost. */
  async take(tx: Session, leaseSeconds: number): Promise<Round | undefined> {
    const [row] = await tx.rows(
      'taking up a round',
      `SELECT * FROM ${this.#table} WHERE source = ? AND due <= NOW(6) FOR UPDATE SKIP LOCKED`,
      [this.#source],
    );
    if (!row) return undefined;
    const token = randomToken();
    // A request that came while a round was under way begins another.
    const isNew = row.leg === null || row.requests !== row.round_requests;
    const begin = `began_at = NOW(6), round_requests = requests, row_count = 0, corrected_keys = 0, hastened = 0, leg = NULL, cur = NULL,`;
    await tx.write(
      'taking up a round',
      `UPDATE ${this.#table} SET ${isNew ? begin : ''} token = ?, due = NOW(6) + INTERVAL ? SECOND WHERE source = ?`,
      [token, leaseSeconds, this.#source],
    );
    return {
      token,
      place: isNew ? undefined : { leg: row.leg as string, after: JSON.parse(row.cur as string) as string[] },
      isAsked: row.requests !== row.served_requests,
      takesGone: Number(row.gone_confirmed),
      rowCount: isNew ? 0 : Number(row.row_count),
      correctedKeys: isNew ? 0 : Number(row.corrected_keys),
    };
  }

  /**
   * Stores how far the round has come and keeps it for another while. False: it is over for this instance, because
   * another has it, or because somebody has asked for a round meanwhile.
   */
  async goOn(session: Session, token: bigint, leaseSeconds: number, place: RoundPlace, tally: RoundTally) {
    const { matched } = await session.write(
      'storing the place of a round',
      `UPDATE ${this.#table} SET due = NOW(6) + INTERVAL ? SECOND, leg = ?, cur = ?, row_count = ?, corrected_keys = ?,
         gone_keys = COALESCE(?, gone_keys)
       WHERE source = ? AND token = ? AND round_requests = requests`,
      [
        leaseSeconds,
        place.leg,
        JSON.stringify(place.after),
        tally.rowCount,
        tally.correctedKeys,
        tally.goneKeys,
        this.#source,
        token,
      ],
    );
    return matched === 1;
  }

  /** Ends a round. The next begins an interval after this one began, or at once if this one has not answered a haste. */
  async end(session: Session, token: bigint, tally: RoundTally, intervalSeconds: number) {
    await session.write(
      'ending a round',
      `UPDATE ${this.#table} SET token = NULL, due = IF(hastened, NOW(6), began_at + INTERVAL ? SECOND),
         hastened = 0, leg = NULL, cur = NULL, served_requests = round_requests, last_ended_at = NOW(6), last_row_count = ?,
         last_duration_ms = TIMESTAMPDIFF(MICROSECOND, began_at, NOW(6)) DIV 1000, last_corrected_keys = ?,
         gone_keys = COALESCE(?, gone_keys), gone_confirmed = 0
       WHERE source = ? AND token = ?`,
      [intervalSeconds, tally.rowCount, tally.correctedKeys, tally.goneKeys, this.#source, token],
    );
  }

  /** Leaves a round to whoever looks next, in so many seconds. */
  async leave(session: Session, token: bigint, seconds: number): Promise<void> {
    await session.write(
      'leaving a round',
      `UPDATE ${this.#table} SET token = NULL, due = NOW(6) + INTERVAL ? SECOND WHERE source = ? AND token = ?`,
      [seconds, this.#source, token],
    );
  }

  /**
   * Asks for a round that begins after now; returns the number of the request. `takesGone`: so many rows
   * that it finds gone count as deleted. `joins`: a first load that is under way will do.
   */
  async request(session: Session, { takesGone = 0, joins = false } = {}): Promise<bigint> {
    await session.write(
      'asking for a round',
      `INSERT INTO ${this.#table} (source, gone_confirmed) VALUES (?, ?) AS n
       ON DUPLICATE KEY UPDATE
         token = IF(? AND last_ended_at IS NULL, token, NULL), due = IF(? AND last_ended_at IS NULL, due, NOW(6)),
         requests = requests + IF(? AND last_ended_at IS NULL, 0, 1),
         gone_confirmed = GREATEST(round.gone_confirmed, n.gone_confirmed)`,
      [this.#source, takesGone, joins, joins, joins],
    );
    return (await this.report(session)).requests;
  }

  /**
   * Has a round of the patrol begin soon, or after the one under way. That one will do while it reads the source and has
   * yet to look for what is gone and to sweep; how many rows are gone is told once.
   */
  async hasten(session: Session, haste: Haste = 'rows gone'): Promise<void> {
    await session.write(
      'asking for a round',
      `UPDATE ${this.#table} SET due = IF(token IS NULL, LEAST(due, NOW(6) + INTERVAL 1 SECOND), due),
         hastened = IF(leg <> ?, 1, hastened)
       WHERE source = ? AND (gone_keys = 0 OR ?)`,
      [haste === 'another table' ? '' : 'source', this.#source, haste !== 'rows gone'],
    );
  }

  async report(session: Session): Promise<RoundReport> {
    const [row] = await session.rows(
      'reading the rounds',
      `SELECT *, TIMESTAMPDIFF(SECOND, began_at, NOW(6)) AS seconds, TIMESTAMPDIFF(SECOND, last_ended_at, NOW(6)) AS age
       FROM ${this.#table} WHERE source = ?`,
      [this.#source],
    );
    return toReport(row ?? {});
  }
}

function toReport(row: Row): RoundReport {
  const n = (value: unknown) => Number(value ?? 0);
  return {
    leg: row.leg ? String(row.leg) : undefined,
    isAsked: row.requests !== row.served_requests,
    requests: BigInt((row.requests as string | undefined) ?? 0),
    servedRequests: BigInt((row.served_requests as string | undefined) ?? 0),
    seconds: row.leg ? n(row.seconds) : 0,
    rowCount: n(row.row_count),
    correctedKeys: n(row.corrected_keys),
    lastEndedAt: row.last_ended_at ? String(row.last_ended_at) : undefined,
    lastAgeSeconds: row.age == null ? undefined : n(row.age),
    lastDurationMs: n(row.last_duration_ms),
    lastRowCount: n(row.last_row_count),
    lastCorrectedKeys: n(row.last_corrected_keys),
    goneKeys: n(row.gone_keys),
  };
}

/** A cursor of keys. */
export function toAfter(key: Key | undefined): string[] {
  return key === undefined ? [] : [String(key)];
}
