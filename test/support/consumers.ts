import { randomUUID } from 'node:crypto';
import { type Kafka, Partitioners } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type KafkaAdmin, openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import {
  type ChangeConsumer,
  type ConsumerState,
  createChangeConsumer,
} from '../../sync-service/src/infrastructure/kafka/consumer.ts';
import type { PartitionHandler } from '../../sync-service/src/infrastructure/kafka/partition-handler.ts';
import { ownStack } from './own-stack.ts';

/** Of a client on a stack of the tests' own, but for the addresses of its brokers. */
export const SETTINGS = {
  clientId: 'friend-sync-test',
  groupId: 'unused',
  tls: false,
  topicPrefix: 'test',
  partitions: 1,
  replicationFactor: 1,
  sessionTimeoutMs: 6_000,
};
const log = pino({ level: 'silent' });

export interface ConsumeOptions {
  readonly topics: readonly string[];
  readonly batchMessages?: number;
  readonly groupId?: string;
  /** Each state is added to it. */
  readonly states?: ConsumerState[];
  readonly via?: Kafka;
}

/** The stack's broker, with topics of the tests' own; called where hooks may be, for each test's consumers end with it. */
export function consumers() {
  let kafka: Kafka;
  let admin: KafkaAdmin;
  const opened: ChangeConsumer[] = [];
  beforeAll(() => {
    kafka = createKafka({ ...SETTINGS, brokers: [ownStack().kafkaBrokers] }, log);
    admin = openKafkaAdmin(kafka);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((consumer) => consumer.stop()));
  });
  afterAll(() => admin[Symbol.asyncDispose]());

  return {
    get kafka() {
      return kafka;
    },
    get admin() {
      return admin;
    },
    async createTopic(partitions = 1): Promise<string> {
      const topic = `t-${randomUUID()}`;
      await admin.ensureTopics([{ topic, partitions, replicationFactor: 1, config: {} }]);
      return topic;
    },
    async produce(topic: string, count: number, partition = 0): Promise<void> {
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
      const messages = Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: `v${i}`, partition }));
      await producer.send({ topic, messages });
      await producer.disconnect();
    },
    consume(handler: PartitionHandler, { topics, batchMessages = 100, groupId, states = [], via }: ConsumeOptions) {
      const consumer = createChangeConsumer({
        kafka: via ?? kafka,
        admin,
        groupId: groupId ?? `g-${topics[0]}`,
        sessionTimeoutMs: SETTINGS.sessionTimeoutMs,
        topics,
        partitionsConcurrently: 3,
        batchMessages,
        handler,
        events: { onState: (state) => states.push(state) },
        log,
      });
      opened.push(consumer);
      void consumer.start();
      return consumer;
    },
  };
}
