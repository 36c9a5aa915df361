import type { Logger } from 'pino';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Consumed } from '../../infrastructure/mysql/state/consumed-store.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/**
 * Where to go on with a partition: the database's offset, once the topic has proved to be the one it counts in.
 * A topic that was re-created, truncated or given more partitions throws `topic_replaced`: its offsets mean something
 * else now, and reading on would skip changes in silence.
 *
 * A group offset behind the database's is a rewind by standard tools and is followed.
 */
export async function findStart(
  store: Store,
  admin: KafkaAdmin,
  groupId: string,
  topic: string,
  partition: number,
  log: Logger,
): Promise<Consumed> {
  const offsets = await admin.partitionOffsets(topic);
  const known = await store.database.transaction('adopting the topic', async (tx) => {
    return (await store.consumed.topicEpoch(tx, topic)) ?? (await store.consumed.adopt(tx, topic, offsets));
  });
  if (known.partitions !== offsets.length) {
    throw new SyncError(
      'topic_replaced',
      `${topic} has ${offsets.length} partitions and had ${known.partitions} when it was first followed`,
    );
  }
  const consumed = await store.consumed.read(store.database, topic, partition);
  if (!consumed) throw new SyncError('internal', `${topic}/${partition} has no row in consumed`);
  await checkLog(admin, topic, partition, consumed);
  return followRewind(store, admin, groupId, topic, partition, consumed, log);
}

/** Throws `topic_replaced` where the log does not hold the offset, or is another one than we read. */
export async function checkLog(admin: KafkaAdmin, topic: string, partition: number, consumed: Consumed): Promise<void> {
  const { nextOffset, maxTimestampMs } = consumed;
  const where = `${topic}/${partition}`;
  const log = (await admin.partitionOffsets(topic)).find((offsets) => offsets.partition === partition);
  if (!log) throw new SyncError('topic_replaced', `${where} is gone`);
  if (nextOffset < log.low)
    throw new SyncError(
      'topic_replaced',
      `${where} begins at offset ${log.low}, and ${nextOffset} was to be read next`,
    );
  if (nextOffset > log.high)
    throw new SyncError('topic_replaced', `${where} ends at offset ${log.high}, and ${nextOffset} was to be read next`);
  if (maxTimestampMs === 0) return;
  // In the log we know, nothing newer than the newest we saw lies below what we have read: that holds under compaction too.
  const newer = (await admin.offsetsAtTimestamp(topic, maxTimestampMs + 1)).get(partition) ?? log.high;
  if (newer < nextOffset) {
    throw new SyncError(
      'topic_replaced',
      `${where} holds newer records at offset ${newer}, below ${nextOffset} that was to be read next: it is another log`,
    );
  }
}

async function followRewind(
  store: Store,
  admin: KafkaAdmin,
  groupId: string,
  topic: string,
  partition: number,
  consumed: Consumed,
  log: Logger,
): Promise<Consumed> {
  const group = (await admin.groupOffsets(groupId, topic)).get(partition);
  if (group === undefined) return consumed;
  if (group === consumed.nextOffset) return consumed;
  if (group > consumed.nextOffset) {
    log.warn(
      { topic, partition, group, nextOffset: consumed.nextOffset },
      'the friend database went back; reading again from its offset',
    );
    return consumed;
  }
  return store.database.transaction('following a rewind', async (tx) => {
    const locked = await store.consumed.lock(tx, topic, partition);
    // Below the floor the group stands since the floor was raised, or for ever: what lies there no longer counts.
    if (locked?.nextOffset !== consumed.nextOffset || locked.nextOffset === locked.floor) return locked ?? consumed;
    await store.consumed.rewind(tx, topic, partition, group);
    log.info({ topic, partition, from: consumed.nextOffset, to: group }, 'the group was set back; reading again');
    return (await store.consumed.lock(tx, topic, partition)) ?? locked;
  });
}
