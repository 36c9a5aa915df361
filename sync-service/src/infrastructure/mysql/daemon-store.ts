import { quoted, type Session } from './database.ts';
import { randomToken } from './pending-store.ts';

/** A daemon that has not been seen for so long does not run. */
const SILENCE_SECONDS = 10;

/** Which daemons run, so that whoever asks them for something can tell at once that nobody will do it. */
export class DaemonStore {
  readonly #table: string;
  readonly #id = randomToken();

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'daemon');
  }

  /** This process runs; to be said every few seconds. */
  async beSeen(session: Session): Promise<void> {
    await session.write(
      'saying that the daemon runs',
      `INSERT INTO ${this.#table} (id) VALUES (?) ON DUPLICATE KEY UPDATE seen_at = NOW(6)`,
      [this.#id],
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

  /** How many run. */
  async count(session: Session): Promise<number> {
    const [row] = await session.rows(
      'counting daemons',
      `SELECT COUNT(*) AS n FROM ${this.#table} WHERE seen_at > NOW(6) - INTERVAL ${SILENCE_SECONDS} SECOND`,
    );
    return Number(row?.n);
  }
}
