import { quoted, type Session } from './database.ts';
import { randomToken } from './pending-store.ts';

/** What the last complete round of the patrol found. */
export interface PatrolReport {
  /** UTC; undefined: no round has ended yet. */
  readonly endedAt: string | undefined;
  readonly durationMs: number;
  /** Keys with copies that differed and nothing on its way to correct them. */
  readonly driftedKeys: number;
}

/**
 * Whose turn it is to patrol: one row, with a lease and a random token. `due` is the lease's end or the next round's
 * beginning, by the database's clock, so that the rounds of an instance that died go on elsewhere.
 */
export class PatrolStore {
  readonly #table: string;

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'patrol');
  }

  /** Begins a round if one is due; returns its token. */
  async begin(session: Session, leaseSeconds: number): Promise<bigint | undefined> {
    const token = randomToken();
    const { matched } = await session.write(
      'beginning a patrol',
      `UPDATE ${this.#table} SET token = ?, began_at = NOW(6), round_requests = requests, due = NOW(6) + INTERVAL ? SECOND WHERE due <= NOW(6)`,
      [token, leaseSeconds],
    );
    return matched === 1 ? token : undefined;
  }

  /** False: the round is another instance's now. */
  async renew(session: Session, token: bigint, leaseSeconds: number): Promise<boolean> {
    const { matched } = await session.write(
      'patrolling',
      `UPDATE ${this.#table} SET due = NOW(6) + INTERVAL ? SECOND WHERE token = ?`,
      [leaseSeconds, token],
    );
    return matched === 1;
  }

  /** Ends a round. The next begins an interval after this one began, or at once if one was asked for meanwhile. */
  async end(session: Session, token: bigint, driftedKeys: number, intervalSeconds: number): Promise<void> {
    await session.write(
      'ending a patrol',
      `UPDATE ${this.#table} SET token = NULL, due = IF(requests = round_requests, began_at + INTERVAL ? SECOND, NOW(6)),
         last_ended_at = NOW(6), last_duration_ms = TIMESTAMPDIFF(MICROSECOND, began_at, NOW(6)) DIV 1000, last_drifted_keys = ?
       WHERE token = ?`,
      [intervalSeconds, driftedKeys, token],
    );
  }

  /** Leaves a round to whoever looks next. */
  async abandon(session: Session, token: bigint): Promise<void> {
    await session.write('leaving a patrol', `UPDATE ${this.#table} SET token = NULL, due = NOW(6) WHERE token = ?`, [
      token,
    ]);
  }

  /** Asks for a round that begins after now. */
  async request(session: Session): Promise<void> {
    await session.write(
      'asking for a patrol',
      `UPDATE ${this.#table} SET requests = requests + 1, due = IF(token IS NULL, NOW(6), due)`,
    );
  }

  async report(session: Session): Promise<PatrolReport> {
    const [row] = await session.rows(
      'reading the patrol',
      `SELECT last_ended_at, last_duration_ms, last_drifted_keys FROM ${this.#table}`,
    );
    return {
      endedAt: row?.last_ended_at ? String(row.last_ended_at) : undefined,
      durationMs: Number(row?.last_duration_ms ?? 0),
      driftedKeys: Number(row?.last_drifted_keys ?? 0),
    };
  }
}
