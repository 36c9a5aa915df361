import { expect } from 'vitest';
import type { ReadsTables } from './reads-tables.ts';
import { KEYS } from './source-log.ts';
import { MADE_UP, type ToldSource } from './told-source.ts';

interface Mirrored {
  readonly k: number;
  readonly nick: string | undefined;
  readonly avatar: string | undefined;
  readonly epoch: number;
  readonly part: number;
  readonly off: number;
  readonly isDeleted: boolean;
}

/** What holds at every moment, and in the end. */
export class ReadsChecks {
  readonly #tables: ReadsTables;
  readonly #log: ToldSource;
  /** Keys that somebody has asked for, and that no look has taken since. */
  readonly asked = new Set<number>();
  #rows = new Map<number, Mirrored>();
  /** The version at which the mirror has taken a row as deleted, or an earlier one. */
  #deleted = new Map<number, number>();
  #backup = { rows: this.#rows, deleted: this.#deleted };

  constructor(tables: ReadsTables, log: ToldSource) {
    this.#tables = tables;
    this.#log = log;
  }

  backUp(): void {
    this.#backup = { rows: this.#rows, deleted: new Map(this.#deleted) };
  }

  restore(): void {
    this.#rows = this.#backup.rows;
    this.#deleted = new Map(this.#backup.deleted);
    this.asked.clear();
  }

  async now(): Promise<void> {
    const { rows, stepsBack, strays, dueKeys } = await this.#read();
    expect(stepsBack).toEqual([]);
    expect(strays).toEqual([]);
    expect(dueKeys).toEqual(expect.arrayContaining([...this.asked]));
    for (const row of rows.values()) {
      if (!row.isDeleted && (row.nick === undefined || row.avatar === undefined)) expect(dueKeys).toContain(row.k);
      const before = this.#rows.get(row.k);
      if (before?.epoch === row.epoch) expect(row.off).toBeGreaterThanOrEqual(before.off);
      else expect(row.epoch).toBeGreaterThan(before?.epoch ?? -1);
      this.#checkLife(row, before);
    }
    this.#rows = rows;
  }

  /** A row that was deleted does not come back with what it had before. */
  #checkLife(row: Mirrored, before: Mirrored | undefined): void {
    // What was made up has no age.
    const told = [row.nick, row.avatar].filter((value) => value !== undefined && value !== MADE_UP.nick);
    const versions = told.map(Number);
    const deletedAt = this.#deleted.get(row.k) ?? 0;
    if (row.isDeleted) {
      // One that was never there may have been read before the source had it.
      if (!before || before.isDeleted) return;
      const newest = Math.max(deletedAt, ...versions);
      const commit = this.#log.commits.find((c) => c.key === row.k && !c.row && c.version > newest);
      this.#deleted.set(row.k, commit?.version ?? newest);
    } else for (const version of versions) expect(version).toBeGreaterThan(deletedAt);
  }

  /** Mirror and copies are as the source is, nothing waits, and nothing ever went back. */
  async inTheEnd(): Promise<void> {
    const { friend, friendDb } = this.#tables.server;
    const { rows: mirror, stepsBack, dueKeys } = await this.#read();
    expect(stepsBack).toEqual([]);
    expect(dueKeys).toEqual([]);
    const live = [...mirror.values()].filter(({ isDeleted }) => !isDeleted);
    const expected = KEYS.flatMap((k) => (this.#log.rows.has(k) ? [{ k, ...this.#log.rows.get(k) }] : []));
    expect(live.map(({ k, nick, avatar }) => ({ k, nick, avatar }))).toEqual(expected);
    const friends = `SELECT 'friend' AS target, friend_id AS k, nick, avatar FROM ${friendDb}.friend ORDER BY id`;
    const members = `SELECT 'member' AS target, user_id AS k, nick FROM ${friendDb}.member ORDER BY team_id, user_id`;
    const copies = [...(await friend.rows('reading', friends)), ...(await friend.rows('reading', members))];
    const wanted = (k: number, isFriend: boolean) => {
      const row = this.#log.rows.get(k);
      if (row) return isFriend ? row : { nick: row.nick };
      return mirror.has(k) ? { nick: '' } : {};
    };
    expect(copies).toEqual(copies.map((copy) => ({ ...copy, ...wanted(Number(copy.k), copy.target === 'friend') })));
  }

  /** The mirror has a row that is gone, and that no message has told of. */
  async hasUnheardOf(): Promise<boolean> {
    const { rows } = await this.#read();
    return [...rows.values()].some(({ k, epoch, isDeleted }) => epoch === 0 && !isDeleted && !this.#log.rows.has(k));
  }

  async #read() {
    const { state, server } = this.#tables;
    const place = 'CONCAT(`partition`, ":", next_offset, " of ", `floor`, " to ", high_water) AS place';
    const [mirror, back, strays, due] = await server.friend.transaction('checking', (tx) =>
      tx.roundTrip(
        (t) => [
          t.rows('reading', `SELECT * FROM ${state}.mirror_account ORDER BY k`),
          t.rows('reading', `SELECT step FROM ${server.friendDb}.mirror_back`),
          t.rows(
            'reading',
            `SELECT ${place} FROM ${state}.consumed WHERE next_offset < \`floor\` OR high_water < next_offset`,
          ),
          t.rows('reading', `SELECT k FROM ${state}.due_key WHERE again = 0`),
        ],
        'commit',
      ),
    );
    const rows = new Map(mirror.map((row): [number, Mirrored] => [Number(row.k), toMirrored(row)]));
    return { rows, stepsBack: back, strays, dueKeys: due.map(({ k }) => Number(k)) };
  }
}

function toMirrored(row: Record<string, unknown>): Mirrored {
  const value = (isUnknown: unknown, of: unknown) => (Number(isUnknown) ? undefined : String(of));
  return {
    k: Number(row.k),
    nick: value(row.u_nick, row.v_nick),
    avatar: value(row.u_avatar, row.v_avatar),
    epoch: Number(row.fs_epoch),
    part: Number(row.fs_partition),
    off: Number(row.fs_offset),
    isDeleted: Number(row.fs_deleted) === 1,
  };
}
