import { must } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';

/** No record is newer. */
const LATEST_MS = 2 ** 42;

/** Where reading is to go on. `atMs`: at the first record with that timestamp or a later one. */
export type OffsetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'datetime'; readonly atMs: number };

export interface OffsetMove {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

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

/** Which partitions a reset would move, and where to; a target outside the log, or below the floor, is brought to its nearest end. */
export async function planReset(
  store: Store,
  admin: KafkaAdmin,
  topics: readonly string[],
  target: OffsetTarget,
): Promise<OffsetMove[]> {
  const moves: OffsetMove[] = [];
  for (const topic of topics) {
    const consumed = await store.consumed.readAll(store.database, topic);
    const atTime = target.kind === 'datetime' ? await admin.offsetsAtTimestamp(topic, target.atMs) : undefined;
    for (const { partition, low, high } of await admin.partitionOffsets(topic)) {
      const known = consumed.get(partition);
      if (!known) continue;
      const from = known.nextOffset;
      const wanted = {
        earliest: low,
        latest: high,
        offset: 'offset' in target ? target.offset : low,
        datetime: atTime?.get(partition) ?? high,
      };
      const to = wanted[target.kind];
      moves.push({ topic, partition, from, to: clamp(to, known.floor > low ? known.floor : low, high) });
    }
  }
  return moves.filter(({ from, to }) => from !== to);
}

function clamp(offset: bigint, low: bigint, high: bigint): bigint {
  if (offset < low) return low;
  return offset > high ? high : offset;
}

/**
 * Sets the offsets in the friend database; a running daemon follows within a second or two and need not be stopped.
 * A rewind repairs: every key it passes is made equal again.
 */
export async function executeReset(store: Store, admin: KafkaAdmin, moves: readonly OffsetMove[]): Promise<void> {
  for (const { topic, partition, to } of moves) {
    const newestMs = await newestBelow(admin, topic, new Map([[partition, to]]));
    await store.database.transaction('resetting offsets', async (tx) => {
      // By what has been read by now, which may be more than when the move was planned.
      const { nextOffset } = (await store.consumed.lock(tx, topic, partition)) ?? { nextOffset: 0n };
      if (to < nextOffset) await store.consumed.rewind(tx, topic, partition, to);
      else await store.consumed.skip(tx, topic, partition, to, newestMs(partition));
    });
  }
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
async function newestBelow(
  admin: KafkaAdmin,
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
