import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { TcpProxy } from '../../../../chaos/src/proxy.ts';
import { SETTINGS } from '../../../../test/support/consumers.ts';
import { ownStack } from '../../../../test/support/own-stack.ts';
import { type KafkaAdmin, openKafkaAdmin } from './admin.ts';
import { createKafka } from './client.ts';

describe('the admin, on a real broker', () => {
  let kafka: Kafka;
  let admin: KafkaAdmin;

  beforeAll(() => {
    kafka = createKafka({ ...SETTINGS, brokers: [ownStack().kafkaBrokers] }, pino({ level: 'silent' }));
    admin = openKafkaAdmin(kafka);
    return () => admin[Symbol.asyncDispose]();
  });

  function definition(partitions: number, config = {}) {
    return { topic: `t-${randomUUID()}`, partitions, replicationFactor: 1, config };
  }

  test('creates what is missing and changes nothing that exists', async () => {
    const topic = definition(3, { 'cleanup.policy': 'compact' });
    expect(await admin.ensureTopics([topic])).toEqual([{ topic: topic.topic, outcome: 'created' }]);
    expect(await admin.ensureTopics([topic])).toEqual([{ topic: topic.topic, outcome: 'exists' }]);
    const more = { ...topic, partitions: 6 };
    expect(await admin.ensureTopics([more])).toEqual([{ topic: topic.topic, outcome: 'partitions-differ' }]);
    expect(await admin.partitionCount(topic.topic)).toBe(3);
  });

  test('tells offsets by position, by time and by group', async () => {
    const { topic } = definition(1);
    await admin.ensureTopics([{ ...definition(1), topic }]);
    const before = Date.now();
    for (const value of ['a', null]) await admin.send(topic, 'k', value, { reason: 'test' });
    expect(await admin.partitionOffsets(topic)).toEqual([{ partition: 0, low: 0n, high: 2n }]);
    expect(await admin.offsetsAtTimestamp(topic, before)).toEqual(new Map([[0, 0n]]));
    expect(await admin.offsetsAtTimestamp(topic, before + 3_600_000)).toEqual(new Map([[0, 2n]]));
    expect(await admin.groupOffsets('no such group', topic)).toEqual(new Map());
  });

  test('questions about many topics at once are each answered', async () => {
    const topics = Array.from({ length: 12 }, () => definition(2).topic);
    await admin.ensureTopics(topics.map((topic) => ({ ...definition(2), topic })));
    // What one is asked about the others are not.
    const questions = [
      (topic: string) => admin.partitionCount(topic),
      async (topic: string) => (await admin.partitionOffsets(topic)).length,
      async (topic: string) => (await admin.offsetsAtTimestamp(topic, 1)).size,
    ];
    for (let round = 0; round < 20; round++) {
      const answers = topics.map((topic, n) => questions[n % questions.length]?.(topic));
      expect(new Set(await Promise.all(answers))).toEqual(new Set([2]));
    }
  });

  test('a topic that does not exist breaks the contract, at once', async () => {
    for (const ask of [admin.partitionCount, admin.partitionOffsets]) {
      await expect(ask('no-such-topic')).rejects.toMatchObject({ kind: 'contract_broken' });
    }
    await expect(admin.send('no-such-topic', null, 'v')).rejects.toMatchObject({ kind: 'source_unavailable' });
  });

  test.each([
    [{ 'cleanup.policy': 'compact', 'delete.retention.ms': '1000', 'retention.ms': '500' }, 1000],
    [{ 'cleanup.policy': 'compact,delete', 'delete.retention.ms': '1000', 'retention.ms': '500' }, 500],
    [{ 'cleanup.policy': 'delete', 'retention.ms': '-1' }, undefined],
  ])('how long a topic keeps what nobody has read follows from its policy: %j', async (config, keepsMs) => {
    const topic = { ...definition(1), config };
    await admin.ensureTopics([topic]);
    expect(await admin.keepsMs(topic.topic)).toBe(keepsMs);
  });

  test('brokers that do not answer are unavailable', async () => {
    const nowhere = openKafkaAdmin(createKafka({ ...SETTINGS, brokers: ['127.0.0.1:1'] }, pino({ level: 'silent' })));
    const asked = Array.from({ length: 20 }, () => nowhere.partitionCount('t'));
    for (const answer of asked) await expect(answer).rejects.toMatchObject({ kind: 'source_unavailable' });
    await nowhere[Symbol.asyncDispose]();
  });

  test('case 81: a client whose first connect fails is replaced by one that connects', async () => {
    const { port, advertised } = ownStack().proxiedKafka;
    await using link = await TcpProxy.open(port, advertised);
    const brokers = [`127.0.0.1:${advertised}`];
    await using late = openKafkaAdmin(createKafka({ ...SETTINGS, brokers }, pino({ level: 'silent' })));
    const topic = definition(2);
    await admin.ensureTopics([topic]);
    const questions = [
      () => late.partitionCount(topic.topic),
      () => late.endOffsets(topic.topic),
      () => late.send(topic.topic, 'k', 'v'),
    ];
    link.cut();
    const unavailable = { kind: 'source_unavailable' };
    await Promise.all(questions.map((ask) => expect(ask()).rejects.toMatchObject(unavailable)));
    link.heal();
    await Promise.all(questions.map((ask) => ask()));
    const sent = [...(await admin.endOffsets(topic.topic)).values()].reduce((sum, end) => sum + end, 0n);
    expect(sent).toBe(1n);
  });

  test('what is asked once it is closed fails, and opens no connection that nobody would close', async () => {
    const closed = openKafkaAdmin(kafka);
    await closed.partitionCount((await admin.ensureTopics([definition(1)]))[0]?.topic ?? '');
    await closed[Symbol.asyncDispose]();
    await expect(closed.partitionCount('t')).rejects.toMatchObject({ kind: 'aborted' });
  });
}, 30_000);
