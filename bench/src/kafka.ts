import kafkajs from 'kafkajs';

/** Each partition's next offset. */
export type TopicEnds = ReadonlyMap<number, bigint>;

export function connectKafka(brokers: string): kafkajs.Kafka {
  return new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
}

export async function withAdmin<T>(brokers: string, work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = connectKafka(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export async function endsOf(brokers: string, topic: string): Promise<TopicEnds> {
  const ends = await withAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic));
  return new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
}

/** Has a group begin at these offsets. */
export async function setOffsets(brokers: string, groupId: string, topic: string, at: TopicEnds): Promise<void> {
  const partitions = [...at].map(([partition, offset]) => ({ partition, offset: String(offset) }));
  await withAdmin(brokers, (admin) => admin.setOffsets({ groupId, topic, partitions }));
}
