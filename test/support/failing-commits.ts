import kafkajs, { type Kafka, type OffsetsByTopicPartition } from 'kafkajs';

/** The same Kafka, to whose consumers the first so many commits of offsets fail, with an error of this type. */
export function failingCommits(kafka: Kafka, type: string, count: number): Kafka {
  let failures = count;
  const create: Kafka['consumer'] = (config) => {
    const consumer = kafka.consumer(config);
    const run: typeof consumer.run = ({ eachBatch, ...rest } = {}) =>
      consumer.run({
        ...rest,
        eachBatch: async (payload) => {
          const commitOffsetsIfNecessary = async (offsets?: OffsetsByTopicPartition) => {
            const error = Object.assign(new Error(type), { type, code: 0, retriable: true });
            if (failures-- > 0) throw new kafkajs.KafkaJSProtocolError(error);
            await payload.commitOffsetsIfNecessary(offsets as OffsetsByTopicPartition);
          };
          await eachBatch?.({ ...payload, commitOffsetsIfNecessary } as typeof payload);
        },
      });
    return { ...consumer, run };
  };
  return Object.create(kafka, { consumer: { value: create } }) as Kafka;
}
