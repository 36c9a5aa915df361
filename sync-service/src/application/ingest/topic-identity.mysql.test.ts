import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { cut } from '../operate/offsets.ts';
import { executeReset } from '../operate/reset-offsets.ts';
import { findStart } from './topic-identity.ts';

const TOPIC = 'some.topic';

/** A log with one partition, as far as the start of reading looks at it. */
interface Log {
  low: bigint;
  high: bigint;
  group: bigint | undefined;
  /** Offset of the first record that is newer than any that was read. */
  newer: bigint;
  partitions: number;
}

function adminOf(log: Log, whileAsked = async () => {}): KafkaAdmin {
  const each = <T>(value: T) => Array.from({ length: log.partitions }, (_, partition) => ({ partition, ...value }));
  return {
    partitionOffsets: async () => each({ low: log.low, high: log.high }),
    offsetsAtTimestamp: async () => new Map([[0, log.newer]]),
    groupOffsets: async () => {
      await whileAsked();
      return new Map(log.group === undefined ? [] : [[0, log.group]]);
    },
  } as unknown as KafkaAdmin;
}

const start = (store: Store, log: Log, admin = adminOf(log)) =>
  findStart(store, admin, 'group', TOPIC, 0, pino({ level: 'silent' }));

/** The partition has been read up to `nextOffset`, by the clock of its records. */
const readUpTo = (store: Store, nextOffset: bigint) => {
  const advance = { topic: TOPIC, partition: 0, nextOffset, maxTimestampMs: 1_000, newestGtid: null };
  return store.database.transaction('reading', (tx) => store.consumed.advance(tx, advance));
};

const reset = (store: Store, admin: KafkaAdmin, from: bigint, to: bigint) =>
  executeReset(store, admin, [{ source: 'account', topic: TOPIC, partition: 0, from, to, wanted: to }], 'accept loss');

test('a topic is adopted from its first offset, wherever that is', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 40n, high: 100n, group: undefined, newer: 100n, partitions: 1 };
  expect(await start(server.store, log)).toMatchObject({ epoch: 1, nextOffset: 40n });
});

test('case 18: the database rules over a group offset that is deleted or ahead; one that was set back is a rewind', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: undefined, newer: 100n, partitions: 1 };
  await start(server.store, log);
  await readUpTo(server.store, 60n);
  for (const group of [undefined, 60n, 90n, 500n])
    expect(await start(server.store, { ...log, group })).toMatchObject({ nextOffset: 60n });
  expect(await start(server.store, { ...log, group: 10n })).toMatchObject({ nextOffset: 10n, replayUntil: 60n });
});

test('case 63: an offset that was set forward is not taken back by the group; a later rewind of the group is followed, as far as that', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 200n, group: 60n, newer: 200n, partitions: 1 };
  await start(server.store, log);
  await readUpTo(server.store, 60n);
  await reset(server.store, adminOf(log), 60n, 100n);
  expect(await start(server.store, log)).toMatchObject({ nextOffset: 100n });
  await readUpTo(server.store, 150n);
  expect(await start(server.store, { ...log, group: 120n })).toMatchObject({ nextOffset: 120n, replayUntil: 150n });
  expect(await start(server.store, { ...log, group: 20n })).toMatchObject({ nextOffset: 100n, replayUntil: 150n });
});

test.each<[string, Partial<Log>]>([
  ['case 11: a topic that was re-created and has grown longer', { newer: 5n }],
  ['case 11: a topic with more partitions', { partitions: 2 }],
  ['case 17: an offset below the log start', { low: 70n }],
  ['case 18: an offset beyond the log end', { high: 50n, newer: 50n }],
])('%s halts', async (_, change) => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: undefined, newer: 100n, partitions: 1 };
  await start(server.store, log);
  await readUpTo(server.store, 60n);
  await expect(start(server.store, { ...log, ...change })).rejects.toMatchObject({
    kind: 'topic_replaced',
    policy: { directive: 'halt' },
  });
});

/** A log whose record at each offset was made at that many times 100 ms; `shift` makes it another one, newer by so much. */
function clockedAdmin(log: Log, shift = 0): KafkaAdmin {
  const madeBefore = (ms: number) => BigInt(Math.max(0, Math.ceil((ms - shift) / 100)));
  const firstAt = (ms: number) => (madeBefore(ms) > log.high ? log.high : madeBefore(ms));
  return {
    ...adminOf(log),
    offsetsAtTimestamp: async (_topic: string, ms: number) => new Map([[0, firstAt(ms)]]),
  } as KafkaAdmin;
}

test('case 65: a log whose offset was moved forward, behind records that nobody has read, is no other one; another one is still found', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: undefined, newer: 0n, partitions: 1 };
  const admin = clockedAdmin(log);
  await start(server.store, log, admin);
  await readUpTo(server.store, 11n);
  expect(await start(server.store, log, admin)).toMatchObject({ nextOffset: 11n });
  await reset(server.store, admin, 11n, 60n);
  expect(await start(server.store, log, admin)).toMatchObject({ nextOffset: 60n });
  await expect(start(server.store, log, clockedAdmin(log, 1_000))).rejects.toMatchObject({ kind: 'topic_replaced' });
});

test('case 65: a reset that comes while a partition is being assigned is not undone by the group', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: 60n, newer: 100n, partitions: 1 };
  await start(server.store, log);
  await readUpTo(server.store, 20n);
  await reset(server.store, adminOf(log), 20n, 60n);
  const meanwhile = () => reset(server.store, adminOf(log), 60n, 80n);
  await start(server.store, log, adminOf(log, meanwhile));
  expect(await start(server.store, log)).toMatchObject({ nextOffset: 80n });
});

test('case 65: a reset does what it says to what has been read by then', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: undefined, newer: 100n, partitions: 1 };
  await start(server.store, log);
  await readUpTo(server.store, 60n);
  // It was planned when 20 was to be read next.
  await reset(server.store, adminOf(log), 20n, 40n);
  expect(await start(server.store, log)).toMatchObject({ nextOffset: 40n, replayUntil: 60n });
});

test('case 11: in a new epoch, records of before that a faster clock has dated are no other log; another one is still found', async () => {
  await using server = await openFriendServer(TABLES);
  const log: Log = { low: 0n, high: 100n, group: undefined, newer: 100n, partitions: 1 };
  /** Up to offset 100 the records are of an hour when the clock was ahead, from there on of the hour that it was set back to. */
  const offsetsAtTimestamp = async (_: string, ms: number) =>
    new Map([[0, ms <= 5_000 ? 50n : ms <= 5_500 ? 99n : log.high]]);
  const admin = { ...adminOf(log), offsetsAtTimestamp };
  await start(server.store, log, admin);
  await cut(server.store, admin, TOPIC, '');
  log.high = 120n;
  await readUpTo(server.store, 120n);
  const ahead = { ...adminOf(log), offsetsAtTimestamp };
  expect(await start(server.store, log, ahead)).toMatchObject({ epoch: 2, nextOffset: 120n });
  const other = { ...ahead, offsetsAtTimestamp: async () => new Map([[0, 7n]]) };
  await expect(start(server.store, log, other)).rejects.toMatchObject({ kind: 'topic_replaced' });
});
