import { quoted, type Session } from '../server/database.ts';

/** How far one partition has been ingested. */
export interface Consumed {
  readonly epoch: number;
  readonly nextOffset: bigint;
  readonly replayUntil: bigint;
  /**
   * The first offset that counts: where the epoch began, where the offset was moved forward to, behind a message whose
   * key could not be read. No move goes below it, or an old message would be taken for a new one.
   */
  readonly floor: bigint;
  /** The highest `nextOffset` of this epoch; a rewind does not lower it. */
  readonly highWater: bigint;
  /** The transaction of the newest message below it, or a set that holds it; null: no message has named one. */
  readonly newestGtid: string | null;
  readonly maxTimestampMs: number;
}

/** A life of a topic, as it was when we began to follow it. */
export interface TopicEpoch {
  readonly epoch: number;
  readonly partitions: number;
}

/** Where one partition moves to when a batch has been ingested. */
export interface Advance {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly maxTimestampMs: number;
  /** Of the batch's newest message that names one. */
  readonly newestGtid: string | null;
  /** Behind a message whose key could not be read. */
  readonly floor?: bigint | undefined;
}

const COLUMNS = 'epoch, next_offset, replay_until, `floor`, high_water, newest_gtid, max_timestamp_ms';

/** The offsets that rule: they live beside the mirror and move in its transactions. */
export class ConsumedStore {
  readonly table: string;
  readonly #topicEpoch: string;
  /** Newer than that of any topic: a source may get another table, and its mirror holds positions of the topic before. */
  readonly #newEpoch: string;

  constructor(stateDatabase: string) {
    this.table = quoted(stateDatabase, 'consumed');
    this.#topicEpoch = quoted(stateDatabase, 'topic_epoch');
    this.#newEpoch = `(topic, epoch, partitions)
      SELECT * FROM (SELECT ? AS topic, COALESCE(MAX(epoch), 0) + 1 AS epoch, ? AS partitions FROM ${this.#topicEpoch}) AS n`;
  }

  /** Locks the partition's row until the transaction ends: two owners of one partition cannot both be in here. */
  async lock(tx: Session, topic: string, partition: number): Promise<Consumed | undefined> {
    return this.#select(tx, 'locking the partition', topic, partition, 'FOR UPDATE');
  }

  async read(session: Session, topic: string, partition: number): Promise<Consumed | undefined> {
    return this.#select(session, 'reading the offset', topic, partition, '');
  }

  /** Moves a locked row forward. */
  async advance(tx: Session, { topic, partition, ...to }: Advance): Promise<void> {
    // In this order: each column is read before it is assigned.
    await tx.write(
      'moving the offset',
      `UPDATE ${this.table} SET newest_gtid = IF(? > high_water, COALESCE(?, newest_gtid), newest_gtid),
         high_water = GREATEST(high_water, ?), next_offset = ?, max_timestamp_ms = GREATEST(max_timestamp_ms, ?),
         \`floor\` = GREATEST(\`floor\`, ?)
       WHERE topic = ? AND \`partition\` = ?`,
      [to.nextOffset, to.newestGtid, to.nextOffset, to.nextOffset, to.maxTimestampMs, to.floor ?? 0n, topic, partition],
    );
  }

  /**
   * Sets a locked row to `nextOffset`, or to its floor where that is higher; what was read before and lies above it will
   * mark its keys again.
   */
  async rewind(tx: Session, topic: string, partition: number, nextOffset: bigint): Promise<void> {
    await tx.write(
      'setting the offset',
      `UPDATE ${this.table} SET replay_until = GREATEST(replay_until, next_offset), next_offset = GREATEST(?, \`floor\`)
       WHERE topic = ? AND \`partition\` = ?`,
      [nextOffset, topic, partition],
    );
  }

  /**
   * Sets a locked row forward, for good: what is skipped no longer counts. `maxTimestampMs`: of what lies below it, read or
   * not; by that the log is known again.
   */
  async skip(tx: Session, topic: string, partition: number, nextOffset: bigint, maxTimestampMs: number): Promise<void> {
    await tx.write(
      'setting the offset',
      `UPDATE ${this.table} SET \`floor\` = GREATEST(\`floor\`, ?), high_water = GREATEST(high_water, ?), next_offset = ?,
         max_timestamp_ms = GREATEST(max_timestamp_ms, ?)
       WHERE topic = ? AND \`partition\` = ?`,
      [nextOffset, nextOffset, nextOffset, maxTimestampMs, topic, partition],
    );
  }

  /** Sets a locked row to the first offset of another log, of which nothing is known yet. */
  async restart(tx: Session, topic: string, partition: number, low: bigint): Promise<void> {
    await tx.write(
      'setting the offset',
      `UPDATE ${this.table} SET \`floor\` = ?, high_water = ?, next_offset = ?, replay_until = 0, max_timestamp_ms = 0
       WHERE topic = ? AND \`partition\` = ?`,
      [low, low, low, topic, partition],
    );
  }

  /** Adopts a topic that is followed for the first time: a new epoch, each partition from its first offset. Harmless when repeated. */
  async adopt(tx: Session, topic: string, starts: readonly { partition: number; low: bigint }[]): Promise<TopicEpoch> {
    await tx.write('adopting the topic', `INSERT IGNORE INTO ${this.#topicEpoch} ${this.#newEpoch}`, [
      topic,
      starts.length,
    ]);
    const known = (await this.topicEpoch(tx, topic)) ?? { epoch: 1, partitions: starts.length };
    const rows = starts.map(({ partition, low }) => [topic, partition, known.epoch, low, low, low]);
    await tx.write(
      'adopting the partitions',
      `INSERT IGNORE INTO ${this.table} (topic, \`partition\`, epoch, next_offset, \`floor\`, high_water) VALUES ?`,
      [rows],
    );
    return known;
  }

  /**
   * Begins the next epoch of a topic, at these offsets. Whoever holds a batch of the old one finds it over.
   * `newestGtid`: what a server must have executed, besides what it had to before, for its rows to be compared.
   * `maxTimestampMs`: see {@link skip}.
   */
  async beginEpoch(
    tx: Session,
    topic: string,
    starts: readonly { partition: number; nextOffset: bigint; maxTimestampMs: number }[],
    newestGtid: string,
  ): Promise<void> {
    await tx.rows(
      'locking the partitions',
      `SELECT epoch FROM ${this.table} WHERE topic = ? ORDER BY \`partition\` FOR UPDATE`,
      [topic],
    );
    await tx.write(
      'beginning an epoch',
      `INSERT INTO ${this.#topicEpoch} ${this.#newEpoch} ON DUPLICATE KEY UPDATE epoch = n.epoch, partitions = n.partitions`,
      [topic, starts.length],
    );
    const { epoch } = (await this.topicEpoch(tx, topic)) ?? { epoch: 1 };
    await tx.write('forgetting the old offsets', `DELETE FROM ${this.table} WHERE topic = ?`, [topic]);
    const rows = starts.map(({ partition, nextOffset: at, maxTimestampMs: newestMs }) => {
      return [topic, partition, epoch, at, at, at, newestGtid, newestMs];
    });
    await tx.write(
      'beginning an epoch',
      `INSERT INTO ${this.table} (topic, \`partition\`, epoch, next_offset, \`floor\`, high_water, newest_gtid, max_timestamp_ms) VALUES ?`,
      [rows],
    );
  }

  async topicEpoch(session: Session, topic: string): Promise<TopicEpoch | undefined> {
    const [row] = await session.rows(
      'reading the epoch',
      `SELECT epoch, partitions FROM ${this.#topicEpoch} WHERE topic = ?`,
      [topic],
    );
    return row && { epoch: row.epoch as number, partitions: row.partitions as number };
  }

  /** All partitions of a topic, by number. `lock`: nothing is ingested of them until the transaction ends. */
  async readAll(session: Session, topic: string, lock: 'FOR SHARE' | '' = ''): Promise<Map<number, Consumed>> {
    const rows = await session.rows(
      'reading the offsets',
      `SELECT \`partition\`, ${COLUMNS} FROM ${this.table} WHERE topic = ? ORDER BY \`partition\` ${lock}`,
      [topic],
    );
    return new Map(rows.map((row) => [row.partition as number, toConsumed(row)]));
  }

  /** Of each partition of a topic the newest transaction that was ingested, or a set that holds it. */
  async newestGtids(session: Session, topic: string): Promise<string[]> {
    const partitions = await this.readAll(session, topic);
    return [...partitions.values()].flatMap(({ newestGtid }) => newestGtid ?? []);
  }

  async #select(
    session: Session,
    doing: string,
    topic: string,
    partition: number,
    lock: string,
  ): Promise<Consumed | undefined> {
    const [row] = await session.rows(
      doing,
      `SELECT ${COLUMNS} FROM ${this.table} WHERE topic = ? AND \`partition\` = ? ${lock}`,
      [topic, partition],
    );
    return row && toConsumed(row);
  }
}

function toConsumed(row: Record<string, unknown>): Consumed {
  return {
    epoch: row.epoch as number,
    nextOffset: BigInt(row.next_offset as string),
    replayUntil: BigInt(row.replay_until as string),
    floor: BigInt(row.floor as string),
    highWater: BigInt(row.high_water as string),
    newestGtid: row.newest_gtid === null ? null : String(row.newest_gtid),
    maxTimestampMs: Number(row.max_timestamp_ms),
  };
}
