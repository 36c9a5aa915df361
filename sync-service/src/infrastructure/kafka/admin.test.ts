import { settingsSchema } from '@friend-sync/connectors';
import kafkajs, { type Admin } from 'kafkajs';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { openKafkaAdmin } from './admin.ts';
import { createKafka } from './client.ts';

/** What a broker answers while it has not heard of a topic that the controller has just created. */
const notYet = (type: string) => new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 3 }));

test('a topic is created once the broker that is asked knows it and its leaders', async () => {
  const answers = [notYet('UNKNOWN_TOPIC_OR_PARTITION'), notYet('LEADER_NOT_AVAILABLE')];
  const broker: Partial<Admin> = {
    connect: async () => {},
    disconnect: async () => {},
    listTopics: async () => [],
    createTopics: async () => true,
    async fetchTopicMetadata() {
      const error = answers.shift();
      if (error) throw error;
      return { topics: [] };
    },
  };
  const kafka = createKafka(settingsSchema.parse({}).kafka, pino({ level: 'silent' }));
  kafka.admin = () => broker as Admin;
  await using admin = openKafkaAdmin(kafka);
  const topic = { topic: 't', partitions: 1, replicationFactor: 1, config: {} };
  expect(await admin.ensureTopics([topic])).toEqual([{ topic: 't', outcome: 'created' }]);
  expect(answers).toEqual([]);
});

test('case 70: a question that kafkajs never answers is given up with those behind it; the next one has another client', async () => {
  vi.useFakeTimers();
  const silent: Partial<Admin> = {
    connect: async () => {},
    disconnect: async () => {},
    listTopics: () => new Promise(() => {}),
  };
  const clients = [silent, { ...silent, listTopics: async () => [] }];
  const kafka = createKafka(settingsSchema.parse({}).kafka, pino({ level: 'silent' }));
  kafka.admin = () => clients.shift() as Admin;
  await using admin = openKafkaAdmin(kafka);
  const waiting = [1, 2].map(() => admin.partitionCount('t').catch(({ kind }) => kind));
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect(await Promise.all(waiting)).toEqual(['source_unavailable', 'source_unavailable']);
  await expect(admin.partitionCount('t')).rejects.toMatchObject({ kind: 'contract_broken' });
});
