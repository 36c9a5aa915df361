import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlAddress } from '@friend-sync/local-stack';
import type { Database } from '@friend-sync/sync-service';
import type { Random } from './random.ts';
import { rootOf } from './root.ts';
import { MADE_UP, type Version } from './version.ts';

const AGAIN_MS = 200;
/** An XA transaction stays prepared for so long, at most. */
const PREPARED_MS = 3_000;

/** How a change comes to the source without the stream telling of it. */
export type Untold = 'unlogged' | 'partly logged';

/**
 * Changes of which the binary log says too little or too much. Each kind has a connection of its own: session variables
 * must not reach the other changes.
 */
export class UntoldChanges implements AsyncDisposable {
  readonly #sessions: Readonly<Record<Untold, Database>>;
  readonly #doubtful: Database;
  readonly #port: number;
  #transactions = 0;

  constructor(server: MysqlAddress) {
    this.#sessions = { unlogged: rootOf(server.port, 1), 'partly logged': rootOf(server.port, 1) };
    this.#doubtful = rootOf(server.port, 8);
    this.#port = server.port;
  }

  /** Commits a version: without the binary log, or so that it holds a part of a JSON document, which Debezium passes over. */
  async update(how: Untold, table: string, id: number, { nick, head }: Version): Promise<void> {
    const variable = how === 'unlogged' ? 'sql_log_bin = 0' : "binlog_row_value_options = 'PARTIAL_JSON'";
    const also = how === 'unlogged' ? '' : `, preferences = JSON_SET(preferences, '$.theme', UUID())`;
    await this.#sessions[how].write(
      'changing a profile',
      `SET SESSION ${variable}; UPDATE ${table} SET nick_name = ?, head_img = ?${also} WHERE id = ?`,
      [nick, head, id],
    );
  }

  /** Prepares a change, which is in the binary log from then on, and rolls it back, whatever happens to the server. */
  async rollBack(random: Random, table: string, row: number): Promise<void> {
    const id = `chaos ${this.#transactions++}`;
    await this.#prepare(id, table, row).catch(() => {});
    await delay(random.between(0, PREPARED_MS));
    while (!(await this.#isRolledBack(id).catch(() => false))) await delay(AGAIN_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...Object.values(this.#sessions), this.#doubtful].map((each) => each[Symbol.asyncDispose]()));
  }

  /** On a connection of its own: where the change fails, its transaction, and the lock on the table, end with that. */
  async #prepare(id: string, table: string, row: number): Promise<void> {
    await using session = rootOf(this.#port, 1);
    await session.write(
      'preparing',
      `XA START '${id}'; UPDATE ${table} SET nick_name = ?, head_img = ? WHERE id = ?; XA END '${id}'; XA PREPARE '${id}'`,
      [MADE_UP, MADE_UP, row],
    );
  }

  async #isRolledBack(id: string): Promise<boolean> {
    // It may be rolled back by now, or was never prepared.
    await this.#doubtful.write('rolling back', `XA ROLLBACK '${id}'`).catch(() => {});
    const prepared = await this.#doubtful.rows('looking', 'XA RECOVER');
    return prepared.every(({ data }) => data !== id);
  }
}
