import type { Announcement } from '../../../domain/trouble.ts';
import { quoted, type Session } from '../server/database.ts';
import { randomToken } from './pending-store.ts';

/** A daemon that has not been seen for so long does not run. */
const SILENCE_SECONDS = 10;
/** No more troubles of one daemon are told. */
const MOST_TROUBLES = 100;

/** Which daemons run and how they fare, so that whoever asks them for something can tell at once that nobody will do it, or why. */
export class DaemonStore {
  readonly #table: string;
  readonly #id = randomToken();

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'daemon');
  }

  /** This process runs, and fares so; to be said every few seconds. */
  async beSeen(session: Session, { troubles, ...rest }: Announcement): Promise<void> {
    const condition = JSON.stringify({ ...rest, troubles: troubles.slice(0, MOST_TROUBLES) });
    await session.write(
      'saying that the daemon runs',
      `INSERT INTO ${this.#table} (id, \`condition\`) VALUES (?, ?) AS n ON DUPLICATE KEY UPDATE seen_at = NOW(6), \`condition\` = n.\`condition\``,
      [this.#id, condition],
    );
    await session.write(
      'forgetting daemons',
      `DELETE FROM ${this.#table} WHERE seen_at < NOW(6) - INTERVAL ${SILENCE_SECONDS} SECOND`,
    );
  }

  /** This process ends. */
  async leave(session: Session): Promise<void> {
    await session.write('saying that the daemon ends', `DELETE FROM ${this.#table} WHERE id = ?`, [this.#id]);
  }

  /** How those fare that run; undefined: one of an older version, which does not say. */
  async running(session: Session): Promise<(Announcement | undefined)[]> {
    const rows = await session.rows(
      'looking for daemons',
      `SELECT \`condition\` FROM ${this.#table} WHERE seen_at > NOW(6) - INTERVAL ${SILENCE_SECONDS} SECOND`,
    );
    return rows.map(({ condition }) =>
      condition === null ? undefined : (JSON.parse(String(condition)) as Announcement),
    );
  }
}
