import type { Change, Value } from '@friend-sync/sync-service';

export const KEYS = [1, 2, 3, 4] as const;
export const PARTITIONS = [0, 1] as const;

export const partitionOf = (key: number): number => key % PARTITIONS.length;

/** A source row; its values are numbered in the order in which they were written, so that text order is their age. */
export interface Row {
  readonly nick: string;
  readonly avatar: string;
}

interface Message {
  readonly key: number;
  /** Undefined: deleted. */
  readonly row: Row | undefined;
  /** The connector captured the avatar when it sent this. */
  readonly hasAvatar: boolean;
}

/** The source table with all it ever held, and the change topic of it, in memory. */
export class SourceLog {
  /** Every state that a key's row has had, with the offset of its message. */
  readonly history = new Map<number, { readonly row: Row; readonly offset: number }[]>();
  readonly rows = new Map<number, Row>();
  readonly partitions: Message[][] = PARTITIONS.map(() => []);
  /** The mapping has the avatar, so the connector captures it. */
  hasAvatar = true;
  #count = 0;

  change(key: number, columns: readonly (keyof Row)[]): void {
    const value = String(++this.#count).padStart(6, '0');
    const old = this.rows.get(key) ?? { nick: value, avatar: value };
    const row = { ...old, ...Object.fromEntries(columns.map((column) => [column, value])) };
    this.rows.set(key, row);
    const states = this.history.get(key) ?? [];
    this.history.set(key, [...states, { row, offset: this.#topicOf(key).length }]);
    this.#send(key);
  }

  delete(key: number): void {
    if (this.rows.delete(key)) this.#send(key);
  }

  backfill(keys: readonly number[]): void {
    for (const key of keys) if (this.rows.has(key)) this.#send(key);
  }

  /** The changes of a partition from an offset, as a daemon decodes them whose mapping has these columns. */
  read(partition: number, from: number, count: number, columns: readonly string[]): Change[] {
    const messages = this.partitions[partition]?.slice(from, from + count) ?? [];
    return messages.map(({ key, row, hasAvatar }, i) => ({
      source: 'account',
      key: BigInt(key),
      kind: row ? 'row' : 'delete',
      values: row ? columns.map((column) => known(row, column, hasAvatar)) : [],
      position: { epoch: 1, partition, offset: BigInt(from + i) },
      gtid: null,
      committedAtMs: 1,
    }));
  }

  #send(key: number): void {
    this.#topicOf(key).push({ key, row: this.rows.get(key), hasAvatar: this.hasAvatar });
  }

  #topicOf(key: number): Message[] {
    return this.partitions[partitionOf(key)] ?? [];
  }
}

function known(row: Row, column: string, hasAvatar: boolean): Value | undefined {
  if (column === 'nick') return row.nick;
  return hasAvatar ? row.avatar : undefined;
}
