import { quoted, type Session } from './database.ts';

/** How far one partition has been ingested. */
export interface Consumed {
  readonly epoch: number;
  readonly nextOffset: bigint;
  readonly replayUntil: bigint;
  /** A skip set it: group offsets below it are from before, and no rewind. 0: none. */
  readonly groupFloor: bigint;
  readonly maxTimestampMs: number;
}

/** A life of a topic, as it was when we began to follow it. */
export interface TopicEpoch {
  readonly epoch: number;
  readonly partitions: number;
}

/** The offsets that rule: they live beside the mirror and move in its transactions. */
export class ConsumedStore {
  readonly table: string;
  readonly #topicEpoch: string;

  constructor(stateDatabase: string) {
    this.table = quoted(stateDatabase, 'consumed');
    this.#topicEpoch = quoted(stateDatabase, 'topic_epoch');
  }

  /** Locks the partition's row until the transaction ends: two owners of one partition cannot both be in here. */
  async lock(tx: Session, topic: string, partition: number): Promise<Consumed | undefined> {
    return this.#select(tx, 'locking the partition', topic, partition, 'FOR UPDATE');
  }

  async read(session: Session, topic: string, partition: number): Promise<Consumed | undefined> {
    return this.#select(session, 'reading the offset', topic, partition, '');
  }

  /** Moves a locked row forward. */
  async advance(
    tx: Session,
    topic: string,
    partition: number,
    nextOffset: bigint,
    maxTimestampMs: number,
  ): Promise<void> {
    await tx.write(
      'moving the offset',
      `UPDATE ${this.table} SET next_offset = ?, max_timestamp_ms = GREATEST(max_timestamp_ms, ?) WHERE topic = ? AND \`partition\` = ?`,
      [nextOffset, maxTimestampMs, topic, partition],
    );
  }

  /** Sets a locked row to `nextOffset`; what was read before and lies above it will mark its keys again. */
  async rewind(tx: Session, topic: string, partition: number, nextOffset: bigint): Promise<void> {
    await tx.write(
      'setting the offset',
      `UPDATE ${this.table} SET replay_until = GREATEST(replay_until, next_offset), next_offset = ? WHERE topic = ? AND \`partition\` = ?`,
      [nextOffset, topic, partition],
    );
  }

  /**
   * Sets a locked row forward. The group's committed offset is behind it until the next commit. `maxTimestampMs`: of what
   * lies below it, read or not; by that the log is known again.
   */
  async skip(tx: Session, topic: string, partition: number, nextOffset: bigint, maxTimestampMs: number): Promise<void> {
    await tx.write(
      'setting the offset',
      `UPDATE ${this.table} SET group_floor = ?, next_offset = ?, max_timestamp_ms = GREATEST(max_timestamp_ms, ?)
       WHERE topic = ? AND \`partition\` = ?`,
      [nextOffset, nextOffset, maxTimestampMs, topic, partition],
    );
  }

  /** The group has caught up with a skip: from now on an older offset of it is a rewind again. */
  async clearFloor(session: Session, topic: string, partition: number, floor: bigint): Promise<void> {
    await session.write(
      'clearing the floor',
      `UPDATE ${this.table} SET group_floor = 0 WHERE topic = ? AND \`partition\` = ? AND group_floor = ?`,
      [topic, partition, floor],
    );
  }

  /** Adopts a topic that is followed for the first time: epoch 1, each partition from its first offset. Harmless when repeated. */
  async adopt(tx: Session, topic: string, starts: readonly { partition: number; low: bigint }[]): Promise<TopicEpoch> {
    await tx.write(
      'adopting the topic',
      `INSERT IGNORE INTO ${this.#topicEpoch} (topic, epoch, partitions) VALUES (?, 1, ?)`,
      [topic, starts.length],
    );
    const known = (await this.topicEpoch(tx, topic)) ?? { epoch: 1, partitions: starts.length };
    const rows = starts.map(({ partition, low }) => [topic, partition, known.epoch, low]);
    await tx.write(
      'adopting the partitions',
      `INSERT IGNORE INTO ${this.table} (topic, \`partition\`, epoch, next_offset) VALUES ?`,
      [rows],
    );
    return known;
  }

  /** Begins the next epoch of a topic, at these offsets. Whoever holds a batch of the old one finds it over. */
  async beginEpoch(
    tx: Session,
    topic: string,
    starts: readonly { partition: number; nextOffset: bigint }[],
  ): Promise<void> {
    await tx.rows(
      'locking the partitions',
      `SELECT epoch FROM ${this.table} WHERE topic = ? ORDER BY \`partition\` FOR UPDATE`,
      [topic],
    );
    await tx.write(
      'beginning an epoch',
      `INSERT INTO ${this.#topicEpoch} (topic, epoch, partitions) VALUES (?, 1, ?) AS n
       ON DUPLICATE KEY UPDATE epoch = topic_epoch.epoch + 1, partitions = n.partitions`,
      [topic, starts.length],
    );
    const { epoch } = (await this.topicEpoch(tx, topic)) ?? { epoch: 1 };
    await tx.write('forgetting the old offsets', `DELETE FROM ${this.table} WHERE topic = ?`, [topic]);
    // The group's own offsets are from before, and no rewind.
    const rows = starts.map(({ partition, nextOffset }) => [topic, partition, epoch, nextOffset, nextOffset]);
    await tx.write(
      'beginning an epoch',
      `INSERT INTO ${this.table} (topic, \`partition\`, epoch, next_offset, group_floor) VALUES ?`,
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

  /** All partitions of a topic, by number. */
  async readAll(session: Session, topic: string): Promise<Map<number, Consumed>> {
    const rows = await session.rows(
      'reading the offsets',
      `SELECT \`partition\`, epoch, next_offset, replay_until, group_floor, max_timestamp_ms FROM ${this.table} WHERE topic = ? ORDER BY \`partition\``,
      [topic],
    );
    return new Map(rows.map((row) => [row.partition as number, toConsumed(row)]));
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
      `SELECT epoch, next_offset, replay_until, group_floor, max_timestamp_ms FROM ${this.table} WHERE topic = ? AND \`partition\` = ? ${lock}`,
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
    groupFloor: BigInt(row.group_floor as string),
    maxTimestampMs: Number(row.max_timestamp_ms),
  };
}
