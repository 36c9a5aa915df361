import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { PartitionProgress } from './offsets.ts';

/** Longer waits are told as this. */
const LONGEST_SECONDS = 131_072;

/** By topic how long at most its oldest message waits that is to be read, in seconds, to a power of two; where none waits, it is absent. */
export async function readWaits(
  admin: Pick<KafkaAdmin, 'offsetsAtTimestamp'>,
  progress: readonly PartitionProgress[],
  now = Date.now(),
): Promise<Record<string, number>> {
  const behind = progress.filter(({ lag }) => lag > 0n);
  const waits: Record<string, number> = {};
  for (const topic of new Set(behind.map((one) => one.topic))) {
    const partitions = behind.filter((one) => one.topic === topic);
    const isWithin = async (seconds: number) => {
      const at = await admin.offsetsAtTimestamp(topic, now - seconds * 1000);
      return partitions.every(({ partition, nextOffset }) => (at.get(partition) ?? 0n) <= nextOffset);
    };
    let seconds = 1;
    while (seconds < LONGEST_SECONDS && !(await isWithin(seconds))) seconds *= 2;
    waits[topic] = seconds;
  }
  return waits;
}
