import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@friend-sync/sync-service';
import { APPLICATION_MARK, CARDS, COPY_TABLES, FRIENDS, type SourceTable } from './example.ts';
import { Random } from './random.ts';
import type { Version } from './version.ts';

const PAUSE_MS = 100;
const AFTER_FAILURE_MS = 200;
/** The longest time between reading a profile and writing a copy of it: the copy may be out of date when it appears. */
const STALE_MS = 1_000;
/** Above every id of the example. */
const FIRST_NEW_OWNER = 1_000_000;

/** Plays the friend service: adds and re-points copies with values it read a moment ago, and writes columns of its own. */
export class FriendService {
  readonly #user: Database;
  readonly #friend: Database;
  readonly #random: Random;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #owner = FIRST_NEW_OWNER;

  constructor(user: Database, friend: Database, seed: number) {
    this.#user = user;
    this.#friend = friend;
    this.#random = new Random(seed, 'friend service');
  }

  start(): void {
    this.#running = this.#work();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const work = this.#random.isOneIn(5)
        ? () => this.#addCopy()
        : this.#random.isOneIn(4)
          ? () => this.#repoint()
          : () => this.#remark();
      await work().catch(() => delay(AFTER_FAILURE_MS));
      await delay(this.#random.between(0, 2 * PAUSE_MS));
    }
  }

  async #addCopy(): Promise<void> {
    const { source, table, owner, key, values } = this.#random.pick([FRIENDS, FRIENDS, CARDS]);
    const id = this.#random.between(1, source.rows);
    const { nick, head } = await this.#readProfile(source, id);
    await this.#friend.write(
      'adding a copy',
      `INSERT INTO ${table} (${owner}, ${key}, ${values.join(', ')}, ${APPLICATION_MARK}) VALUES (?)`,
      [[this.#owner++, id, nick, head, 1]],
    );
  }

  async #repoint(): Promise<void> {
    const { source, table, key, values } = this.#random.pick([FRIENDS, FRIENDS, CARDS]);
    const [row] = await this.#friend.rows('looking', `SELECT MAX(id) AS id FROM ${table}`);
    const copy = this.#random.between(1, Number(row?.id));
    const id = this.#random.between(1, source.rows);
    const { nick, head } = await this.#readProfile(source, id);
    await this.#friend.write(
      're-pointing a copy',
      `UPDATE IGNORE ${table} SET ${key} = ?, ${values.map((column) => `${column} = ?`).join(', ')},
         ${APPLICATION_MARK} = ${APPLICATION_MARK} + 1 WHERE id = ?`,
      [id, nick, head, copy],
    );
  }

  async #remark(): Promise<void> {
    const { source, table, key } = this.#random.pick(COPY_TABLES);
    await this.#friend.write('remarking', `UPDATE ${table} SET remark = ? WHERE ${key} = ? LIMIT 20`, [
      `remark ${this.#random.between(1, 1_000_000)}`,
      this.#random.between(1, source.rows),
    ]);
  }

  async #readProfile({ table }: SourceTable, id: number): Promise<Version> {
    const [row] = await this.#user.rows('reading a profile', `SELECT nick_name, head_img FROM ${table} WHERE id = ?`, [
      id,
    ]);
    await delay(this.#random.between(0, STALE_MS));
    return { nick: row?.nick_name as string | null, head: row?.head_img as string | null };
  }
}
