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

/** What somebody has said of the round under way. */
export interface RoundPace {
  /** Most rows a second; undefined: as the settings say. */
  readonly rowsPerSecond: number | undefined;
}

/** A round that this instance may go on with. */
export interface Round extends RoundTally, RoundPace {
  readonly token: bigint;
  /** Undefined: at its beginning. */
  readonly place: RoundPlace | undefined;
  /** Somebody waits for it: a first load, a backfill, a new epoch. Otherwise it is the patrol's. */
  readonly isAsked: boolean;
  /** So many rows that are gone, and the few that a round takes by itself, count as deleted. */
  readonly takesGone: number;
}

/** How the rounds of a source stand, for operators. */
export interface RoundReport extends RoundTally, RoundPace {
  /** Undefined: none is under way. */
  readonly leg: string | undefined;
  readonly isAsked: boolean;
  /** Requests that were made, and those that have been answered by a whole round. */
  readonly requests: bigint;
  readonly servedRequests: bigint;
  /** No request up to this one is answered any more: somebody has stopped it. */
  readonly stoppedRequests: bigint;
  /** UTC; undefined: rounds are not paused. */
  readonly pausedSince: string | undefined;
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

const UNDER_WAY = '(leg IS NOT NULL OR requests <> served_requests)';

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
      `SELECT * FROM ${this.#table} WHERE source = ? AND due <= NOW(6) AND paused_at IS NULL FOR UPDATE SKIP LOCKED`,
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
      rowsPerSecond: toPace(row),
    };
  }

  /**
   * Stores how far the round has come and keeps it for another while. Undefined: it is over for this instance, because
   * another has it, or because somebody has asked for a round meanwhile, or has paused or stopped this one.
   */
  async goOn(
    session: Session,
    token: bigint,
    leaseSeconds: number,
    place: RoundPlace,
    tally: RoundTally,
  ): Promise<RoundPace | undefined> {
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
    if (matched !== 1) return undefined;
    const sql = `SELECT rows_per_second FROM ${this.#table} WHERE source = ?`;
    const [row] = await session.rows('reading the pace of a round', sql, [this.#source]);
    return { rowsPerSecond: toPace(row ?? {}) };
  }

  /** Ends a round. The next begins an interval after this one began, or at once if this one has not answered a haste. */
  async end(session: Session, token: bigint, tally: RoundTally, intervalSeconds: number) {
    await session.write(
      'ending a round',
      `UPDATE ${this.#table} SET token = NULL, due = IF(hastened, NOW(6), began_at + INTERVAL ? SECOND),
         hastened = 0, leg = NULL, cur = NULL, served_requests = round_requests, last_ended_at = NOW(6), last_row_count = ?,
         last_duration_ms = TIMESTAMPDIFF(MICROSECOND, began_at, NOW(6)) DIV 1000, last_corrected_keys = ?,
         gone_keys = COALESCE(?, gone_keys), gone_confirmed = 0, rows_per_second = NULL
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

  /** Takes the round from whoever has it, and keeps rounds from being taken up, until {@link resume}; harmless when repeated. */
  async pause(session: Session): Promise<void> {
    await session.write(
      'pausing rounds',
      `UPDATE ${this.#table} SET token = NULL, due = IF(leg IS NULL, due, NOW(6)), paused_at = NOW(6)
       WHERE source = ? AND paused_at IS NULL`,
      [this.#source],
    );
  }

  /** The round under way goes on at its place. */
  async resume(session: Session): Promise<void> {
    await session.write('resuming rounds', `UPDATE ${this.#table} SET paused_at = NULL WHERE source = ?`, [
      this.#source,
    ]);
  }

  /**
   * Gives up the round that is under way or asked for, paused or not; the patrol's next begins in so many seconds. False: there
   * is none.
   */
  async stop(session: Session, seconds: number): Promise<boolean> {
    const { matched } = await session.write(
      'stopping a round',
      `UPDATE ${this.#table} SET token = NULL, leg = NULL, cur = NULL, paused_at = NULL, rows_per_second = NULL, gone_confirmed = 0,
         stopped_requests = IF(served_requests < requests, requests, stopped_requests), served_requests = requests,
         round_requests = requests, due = IF(hastened, NOW(6), NOW(6) + INTERVAL ? SECOND), hastened = 0
       WHERE source = ? AND ${UNDER_WAY}`,
      [seconds, this.#source],
    );
    return matched === 1;
  }

  /** Has the round that is under way or asked for read so many rows a second; undefined: as the settings say. False: there is none. */
  async setPace(session: Session, { rowsPerSecond }: RoundPace): Promise<boolean> {
    const { matched } = await session.write(
      'setting the pace of a round',
      `UPDATE ${this.#table} SET rows_per_second = ? WHERE source = ? AND ${UNDER_WAY}`,
      [rowsPerSecond ?? null, this.#source],
    );
    return matched === 1;
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
    stoppedRequests: BigInt((row.stopped_requests as string | undefined) ?? 0),
    pausedSince: row.paused_at ? String(row.paused_at) : undefined,
    rowsPerSecond: toPace(row),
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

const toPace = ({ rows_per_second: pace }: Row) => (pace == null ? undefined : Number(pace));

/** A cursor of keys. */
export function toAfter(key: Key | undefined): string[] {
  return key === undefined ? [] : [String(key)];
}
