import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Session } from '@friend-sync/sync-service';
import { GROUP_TABLE, POPULAR_USERS, type SourceTable, USER_TABLE } from './example.ts';
import { Random } from './random.ts';
import type { Untold, UntoldChanges } from './untold.ts';
import { nextVersions, type Version } from './version.ts';

/** Of users; groups have one. A row belongs to one writer, so that the order of its numbers is the order of its commits. */
const WRITERS = 4;
/** Of one writer: together about 60 rows a second, while the server lets them. */
const PAUSE_MS = 70;
const AFTER_FAILURE_MS = 200;
const ROWS_AT_ONCE = 5;
/** Of a long transaction: more than a connector holds before Kafka has taken them. */
const LONG_ROWS = 12_000;

export interface UserServiceParts {
  /** The user server. */
  readonly user: Database;
  readonly untold: UntoldChanges;
  readonly waysUntold: readonly Untold[];
}

interface Writer {
  readonly random: Random;
  readonly table: string;
  /** The newest version of each row. */
  readonly numbers: Map<number, number>;
}

/**
 * Plays the user service: changes profiles by plain SQL, and goes on whatever happens to its database. Half of the
 * rows change for the last time at some moment of the run: a change that is lost then is not made good by the next.
 */
export class UserService {
  readonly #database: Database;
  readonly #untold: UntoldChanges;
  readonly #waysUntold: readonly Untold[];
  readonly #writers: Promise<void>[] = [];
  readonly #seed: number;
  readonly #durationMs: number;
  #isStopped = false;
  #updates = 0;

  constructor({ user, untold, waysUntold }: UserServiceParts, seed: number, durationMs: number) {
    this.#database = user;
    this.#untold = untold;
    this.#waysUntold = waysUntold;
    this.#seed = seed;
    this.#durationMs = durationMs;
  }

  /** Rows updated and committed; those whose commit was not answered do not count. */
  get updates(): number {
    return this.#updates;
  }

  start(): void {
    const write = (source: SourceTable, writer: number, writers: number) => {
      const own = Array.from({ length: source.rows }, (_, i) => i + 1).filter((id) => id % writers === writer);
      const random = new Random(this.#seed, `user service ${source.table} ${writer}`);
      this.#writers.push(this.#write({ random, table: source.table, numbers: new Map() }, own));
    };
    for (let writer = 0; writer < WRITERS; writer++) write(USER_TABLE, writer, WRITERS);
    write(GROUP_TABLE, 0, 1);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#writers);
  }

  async #write(writer: Writer, own: readonly number[]): Promise<void> {
    const { random, table } = writer;
    const lastChange = new Map(
      own.map((user) => [user, random.isOneIn(2) ? random.between(0, this.#durationMs) : Infinity]),
    );
    const began = Date.now();
    while (!this.#isStopped) {
      const some = own.filter((user) => Date.now() - began < (lastChange.get(user) ?? 0));
      const popular = table === USER_TABLE.table ? some.filter((user) => POPULAR_USERS.includes(user)) : [];
      const user = random.pick(popular.length > 0 && random.isOneIn(8) ? popular : some);
      const changes = random.isOneIn(2_000)
        ? () => this.#changeAll(writer, some)
        : random.isOneIn(10)
          ? () => this.#changeSeveral(writer, some)
          : random.isOneIn(20)
            ? () => this.#changeUntold(writer, user)
            : random.isOneIn(100)
              ? () => this.#untold.rollBack(random, table, user)
              : () => this.#change(writer, user);
      await changes().catch(() => delay(AFTER_FAILURE_MS));
      await delay(random.between(0, 2 * PAUSE_MS));
    }
  }

  async #change(writer: Writer, user: number): Promise<void> {
    for (const version of next(writer, user)) await this.#update(this.#database, writer.table, user, version);
  }

  async #changeUntold(writer: Writer, user: number): Promise<void> {
    const how = writer.random.pick(this.#waysUntold);
    for (const version of next(writer, user)) {
      await this.#untold.update(how, writer.table, user, version);
      this.#updates++;
    }
  }

  async #changeSeveral(writer: Writer, own: readonly number[]): Promise<void> {
    const users = writer.random.shuffled(own).slice(0, ROWS_AT_ONCE);
    const changes = users.flatMap((user) => next(writer, user).map((version) => ({ user, version })));
    await this.#database.transaction('changing several profiles', async (tx) => {
      for (const { user, version } of changes) await this.#update(tx, writer.table, user, version, 0);
    });
    this.#updates += changes.length;
  }

  async #changeAll(writer: Writer, own: readonly number[]): Promise<void> {
    const times = Math.ceil(LONG_ROWS / own.length);
    await this.#database.transaction('a long transaction', async (tx) => {
      for (let n = 0; n < times; n++) {
        const rows = own.map((user) => {
          const version = next(writer, user).at(-1);
          return [user, version?.nick, version?.head];
        });
        await tx.write(
          'changing all profiles',
          `INSERT INTO ${writer.table} (id, nick_name, head_img) VALUES ? AS n
           ON DUPLICATE KEY UPDATE nick_name = n.nick_name, head_img = n.head_img`,
          [rows],
        );
      }
    });
    this.#updates += times * own.length;
  }

  async #update(session: Session, table: string, id: number, { nick, head }: Version, count = 1): Promise<void> {
    const sql = `UPDATE ${table} SET nick_name = ?, head_img = ? WHERE id = ?`;
    await session.write('changing a profile', sql, [nick, head, id]);
    this.#updates += count;
  }
}

/** Numbers are used once, even if the commit fails: it may have happened. */
function next({ random, numbers }: Writer, id: number): Version[] {
  const n = (numbers.get(id) ?? 1) + 1;
  const versions = nextVersions(random, id, n);
  numbers.set(id, n + versions.length - 1);
  return versions;
}
