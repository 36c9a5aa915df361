import { changeTopic } from '@friend-sync/connectors';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { createUsers } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { TABLES } from '../support/tables.ts';

test('a transaction that does not end keeps the barrier, and the barrier and the daemon name it', async () => {
  await using pipeline = await openPipeline({ ...TABLES, settings: { watch: { intervalSeconds: 1 } } });
  const { configuration, operations, stack } = pipeline;
  await createUsers(pipeline, 10);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  const [topic = ''] = configuration.mapping.sources.map((source) => changeTopic(configuration.settings, source));

  const kafka = new kafkajs.Kafka({ brokers: [stack.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  const [written] = await transaction.send({ topic, messages: [{ partition: 1, key: 'k', value: 'never committed' }] });
  const name = `a transaction is open in ${topic}, partition 1, from offset ${written?.baseOffset} on`;

  await expect(operations.passBarrier(10_000)).rejects.toThrow(name);
  await expect
    .poll(async () => (await daemon.readiness()).troubles, { timeout: 60_000 })
    .toContainEqual(expect.objectContaining({ kind: 'pipeline_stuck', problem: expect.stringContaining(name) }));

  await transaction.abort();
  await producer.disconnect();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await daemon.ready();
});
