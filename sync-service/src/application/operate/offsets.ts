import { must } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** No record is newer. */
const LATEST_MS = 2 ** 42;

export interface PartitionProgress {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: bigint;
  readonly endOffset: bigint;
  /** Offsets still to be passed, control records counted. */
  readonly lag: bigint;
}

/** How far each partition has been ingested; partitions that were never assigned count from their beginning. */
export async function readProgress(
  store: Store,
  admin: KafkaAdmin,
  topics: readonly string[],
): Promise<PartitionProgress[]> {
  const progress = topics.map(async (topic) => {
    const [offsets, consumed] = await Promise.all([
      admin.partitionOffsets(topic),
      store.consumed.readAll(store.database, topic),
    ]);
    return offsets.map(({ partition, low, high }) => {
      const { epoch, nextOffset } = consumed.get(partition) ?? { epoch: 0, nextOffset: low };
      return { topic, partition, epoch, nextOffset, endOffset: high, lag: high > nextOffset ? high - nextOffset : 0n };
    });
  });
  return (await Promise.all(progress)).flat();
}

/** Everything above the present ends of a topic is of a new epoch, and newer than anything of an older one. */
export async function cut(store: Store, admin: KafkaAdmin, topic: string, executed: string): Promise<void> {
  const ends = new Map((await admin.partitionOffsets(topic)).map(({ partition, high }) => [partition, high]));
  const newestMs = await newestBelow(admin, topic, ends);
  const starts = [...ends].map(([partition, nextOffset]) => {
    return { partition, nextOffset, maxTimestampMs: newestMs(partition) };
  });
  await store.database.transaction('beginning an epoch', (tx) =>
    store.consumed.beginEpoch(tx, topic, starts, executed),
  );
}

/** Of each partition the timestamp of the newest record below an offset: the first moment after which there is none. */
export async function newestBelow(
  admin: Pick<KafkaAdmin, 'offsetsAtTimestamp'>,
  topic: string,
  ends: ReadonlyMap<number, bigint>,
): Promise<(partition: number) => number> {
  const bounds = new Map([...ends].map(([partition, end]) => [partition, { end, from: 0, to: LATEST_MS }]));
  for (;;) {
    const open = [...bounds.values()].find(({ from, to }) => from < to);
    if (!open) return (partition) => must(bounds.get(partition), `${topic}/${partition}`).to;
    const middle = Math.floor((open.from + open.to) / 2);
    const next = await admin.offsetsAtTimestamp(topic, middle + 1);
    for (const [partition, bound] of bounds) {
      if ((next.get(partition) ?? bound.end) >= bound.end) bound.to = Math.min(bound.to, middle);
      else bound.from = Math.max(bound.from, middle + 1);
    }
  }
}
