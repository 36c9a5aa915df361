import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';

/** A Kafka whose topics end at what `ends` answers, by partition, and hold no transaction that is still open. */
export function endedLog(ends: () => Promise<Map<number, bigint>>): KafkaAdmin {
  const partitionOffsets = async () => [...(await ends())].map(([partition, high]) => ({ partition, low: 0n, high }));
  return { endOffsets: ends, partitionOffsets } as unknown as KafkaAdmin;
}
