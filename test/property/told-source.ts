import { Ambiguous, type Change, SyncError, type Value } from '@friend-sync/sync-service';
import { decodeBatch } from '../../sync-service/src/application/ingest/decode-batch.ts';
import type { ReadsTables } from './reads-tables.ts';
import { PARTITIONS, partitionOf, type Row } from './source-log.ts';

/**
 * What becomes of a commit in the stream. `wrong`: its message says what the row was before; `lost`: there is no message;
 * `unknown`: it lacks the avatar; `ambiguous`: it says of each column no more than that it is one of several values;
 * `undecodable`: it has no more than its key, until a daemon that is mended reads it.
 */
export type Fate = 'right' | 'wrong' | 'lost' | 'unknown' | 'ambiguous' | 'undecodable';

interface Commit {
  readonly key: number;
  /** Undefined: deleted. */
  readonly row: Row | undefined;
  readonly before: Row | undefined;
  readonly fate: Fate;
  /** What the server had executed then. */
  readonly executed: string;
  /** Its values have it, and so have their age. */
  readonly version: number;
}

/** What a message says of a row that it does not know. */
export const MADE_UP: Row = { nick: 'x000000', avatar: 'x000000' };
const ANY = new Ambiguous(() => true);

/** The source table on a real server; its connector and its change topic are in memory. */
export class ToldSource {
  readonly rows = new Map<number, Row>();
  readonly commits: Commit[] = [];
  readonly partitions: Commit[][] = PARTITIONS.map(() => []);
  readonly #tables: ReadsTables;
  #executed = '';
  /** Commits that the connector has sent, and those that it has stored so. */
  #passed = 0;
  #stored = 0;

  constructor(tables: ReadsTables) {
    this.#tables = tables;
  }

  async begin(): Promise<void> {
    this.#executed = await this.#readExecuted();
  }

  async change(key: number, columns: readonly (keyof Row)[], fate: Fate): Promise<void> {
    const { user, userDb } = this.#tables.server;
    const value = String(this.commits.length + 1).padStart(6, '0');
    const before = this.rows.get(key);
    const changed = before ? Object.fromEntries(columns.map((column) => [column, value])) : {};
    const row = { ...(before ?? { nick: value, avatar: value }), ...changed };
    await user.write('a change', `REPLACE INTO ${userDb}.account (id, nick, avatar) VALUES (?, ?, ?)`, [
      key,
      row.nick,
      row.avatar,
    ]);
    this.rows.set(key, row);
    await this.#committed(key, row, before, fate);
  }

  async delete(key: number, fate: Fate): Promise<void> {
    const { user, userDb } = this.#tables.server;
    const before = this.rows.get(key);
    if (!before) return;
    await user.write('a delete', `DELETE FROM ${userDb}.account WHERE id = ?`, [key]);
    this.rows.delete(key);
    await this.#committed(key, undefined, before, fate);
  }

  async #committed(key: number, row: Row | undefined, before: Row | undefined, fate: Fate): Promise<void> {
    const executed = await this.#readExecuted();
    this.commits.push({ key, row, before, fate, executed, version: this.commits.length + 1 });
  }

  async #readExecuted(): Promise<string> {
    const [row] = await this.#tables.server.user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
    return String(row?.gtids).replaceAll('\n', '');
  }

  /** The connector sends some commits, and stores that it has, but for the last `behind`. */
  async pass(count: number, behind: number): Promise<void> {
    const { friend, friendDb } = this.#tables.server;
    for (const commit of this.commits.slice(this.#passed, this.#passed + count)) {
      this.#passed++;
      if (commit.fate === 'lost') continue;
      const topic = this.#topicOf(commit.key);
      if (commit.fate === 'wrong')
        await friend.write('marking', `INSERT INTO ${friendDb}.made_up VALUES (?, ?)`, [
          partitionOf(commit.key),
          topic.length,
        ]);
      topic.push(commit);
    }
    this.#stored = Math.max(this.#stored, this.#passed - behind);
  }

  /** The connector's position is lost: it begins at the present. Returns what its server has executed. */
  beginAnew(): string {
    this.#passed = this.commits.length;
    this.#stored = this.#passed;
    return this.sent().gtids;
  }

  sent() {
    return { gtids: this.commits[this.#stored - 1]?.executed ?? this.#executed, file: '', pos: 0 };
  }

  hasSent(commitCount: number): boolean {
    return this.#stored >= commitCount;
  }

  ends(): Map<number, bigint> {
    return new Map(this.partitions.map((topic, partition) => [partition, BigInt(topic.length)]));
  }

  /** The changes of a partition from an offset, as a daemon reads them. */
  async read(partition: number, from: number, count: number, epoch: number, isMended: boolean): Promise<Change[]> {
    const commits = this.partitions[partition]?.slice(from, from + count) ?? [];
    const changes = commits.map((commit, i) => {
      const position = { epoch, partition, offset: BigInt(from + i) };
      if (commit.fate === 'undecodable' && !isMended) return this.#undecodable(commit, position);
      return [toChange(commit, position, this.#tables.wide.source.schema.mapping.columns)];
    });
    return (await Promise.all(changes)).flat();
  }

  /** As the service takes it. */
  async #undecodable({ key }: Commit, { epoch, partition, offset }: Change['position']): Promise<readonly Change[]> {
    const bytes = { key: Buffer.from(`{"id":${key}}`), value: Buffer.from('junk'), timestampMs: 1, headers: {} };
    const message = { ...bytes, offset };
    const next = { expectedOffset: offset, nextOffset: offset + 1n, waiting: 0, maxTimestampMs: 1 };
    const batch = { topic: 'any', partition, messages: [message], ...next };
    return (await decodeBatch({ decode: refuse }, this.#tables.wide.source.schema, batch, epoch)).changes;
  }

  #topicOf(key: number): Commit[] {
    return this.partitions[partitionOf(key)] ?? [];
  }
}

async function refuse(): Promise<never> {
  throw new SyncError('message_malformed', 'the bytes are junk');
}

function toChange(commit: Commit, position: Change['position'], columns: readonly string[]): Change {
  const { key, row, executed } = commit;
  return {
    source: 'account',
    key: BigInt(key),
    kind: row ? 'row' : 'delete',
    values: row ? columns.map((column) => said(commit, column as keyof Row)) : [],
    position,
    gtid: executed,
    committedAtMs: 1,
  };
}

function said({ row, before, fate }: Commit, column: keyof Row): Value | Ambiguous | undefined {
  if (fate === 'ambiguous') return ANY;
  if (fate === 'unknown' && column === 'avatar') return undefined;
  return fate === 'wrong' ? (before ?? MADE_UP)[column] : row?.[column];
}
