import { quoted, type Session } from '../server/database.ts';

/** Whether an operator has paused the fan-out of every daemon. */
export class PauseStore {
  readonly #table: string;

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'pause');
  }

  /** Since when (UTC); undefined: it is not paused. */
  async since(session: Session): Promise<string | undefined> {
    const [row] = await session.rows('looking for a pause', `SELECT since FROM ${this.#table}`);
    return row && String(row.since);
  }

  /** Harmless when repeated. */
  async pause(session: Session): Promise<void> {
    await session.write('pausing', `INSERT IGNORE INTO ${this.#table} (id) VALUES (1)`);
  }

  async resume(session: Session): Promise<void> {
    await session.write('resuming', `DELETE FROM ${this.#table}`);
  }
}
