import { sql } from 'drizzle-orm';
import { bigint, customType, datetime, index, int, mysqlTable, primaryKey } from 'drizzle-orm/mysql-core';

/** Text that is compared by its bytes: no case folding, no padding. */
export const exactText = customType<{ data: string; config: { length: number } }>({
  dataType: (config) => `varchar(${config?.length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin`,
});

const offset = (name: string) => bigint(name, { mode: 'bigint' });
const moment = (name: string) => datetime(name, { mode: 'string', fsp: 6 });

/** How far each partition has been ingested. This is the truth; the group's committed offset is a copy for tools. */
export const consumed = mysqlTable(
  'consumed',
  {
    topic: exactText('topic', { length: 249 }).notNull(),
    partition: int('partition').notNull(),
    epoch: int('epoch').notNull(),
    nextOffset: offset('next_offset').notNull(),
    /** Records below it were read before: a rewind set it, and they mark their keys although they are not newer. */
    replayUntil: offset('replay_until').notNull().default(0n),
    /** Newest record timestamp seen (ms): identifies the log, see topic-identity. */
    maxTimestampMs: bigint('max_timestamp_ms', { mode: 'number' }).notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.topic, table.partition] })],
);

/** One row per change topic: which life of the topic we follow, and how many partitions it had when it began. */
export const topicEpoch = mysqlTable('topic_epoch', {
  topic: exactText('topic', { length: 249 }).primaryKey(),
  epoch: int('epoch').notNull(),
  partitions: int('partitions').notNull(),
});

/** Keys whose copies may differ from the mirror. */
export const pending = mysqlTable(
  'pending',
  {
    source: exactText('source', { length: 30 }).notNull(),
    /** The key as text, whatever its type. */
    key: exactText('k', { length: 255 }).notNull(),
    /** Grows with every mark. */
    generation: bigint('generation', { mode: 'bigint' }).notNull().default(1n),
    /** The claim that holds the key; random, so that no two claims are alike. */
    token: bigint('token', { mode: 'bigint' }),
    /** Lease end, back-off and park in one column, by the database's clock. */
    due: moment('due').notNull().default(sql`(NOW(6))`),
    /** Every mark made before this moment has been fanned out. */
    since: moment('since').notNull().default(sql`(NOW(6))`),
    /** The generation and the moment at which the pass under way began. */
    passGeneration: bigint('pass_generation', { mode: 'bigint' }),
    passSince: moment('pass_since'),
    /** Where the pass of a key with many copies goes on. */
    cursor: exactText('cur', { length: 4000 }),
    attempts: int('attempts').notNull().default(0),
    lastError: exactText('last_error', { length: 255 }),
  },
  (table) => [primaryKey({ columns: [table.source, table.key] }), index('pending_due').on(table.source, table.due)],
);
