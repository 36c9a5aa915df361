import { describe, expect, test, vi } from 'vitest';
import { type ConsumeOptions, consumers } from '../../../../test/support/consumers.ts';
import { failingCommits } from '../../../../test/support/failing-commits.ts';
import { StoredOffsets } from '../../../../test/support/stored-offsets.ts';
import { SyncError } from '../../errors.ts';
import type { ConsumerState } from './consumer.ts';
import type { PartitionHandler } from './partition-handler.ts';

const WAIT = { timeout: 20_000, interval: 20 };

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i));

describe('the consumer, on a real broker', () => {
  const broker = consumers();
  let topic: string;

  const createTopic = async (partitions = 1) => {
    topic = await broker.createTopic(partitions);
  };
  const produce = (count: number, partition = 0) => broker.produce(topic, count, partition);
  const consume = (handler: PartitionHandler, options: Omit<ConsumeOptions, 'topics'> = {}) =>
    broker.consume(handler, { topics: [topic], ...options });

  async function produceInTransaction(count: number, outcome: 'commit' | 'abort'): Promise<void> {
    const producer = broker.kafka.producer({
      transactionalId: `tx-${topic}`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({
      topic,
      messages: Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: 'v' })),
    });
    await transaction[outcome]();
    await producer.disconnect();
  }

  test('reads from the database’s offset, in slices, and commits it to the group', async () => {
    await createTopic();
    await produce(10);
    const database = new StoredOffsets();
    database.next.set(0, 5n);
    const consumer = consume(database, { batchMessages: 3 });
    await vi.waitFor(() => expect(database.offsets()).toEqual(range(5, 10)), WAIT);
    expect(database.stored.map(({ nextOffset }) => nextOffset)).toEqual([8n, 10n]);
    expect(consumer.assignment()).toEqual([{ topic, partition: 0, expectedOffset: 10n }]);
    await vi.waitFor(
      async () => expect(await broker.admin.groupOffsets(`g-${topic}`, topic)).toEqual(new Map([[0, 10n]])),
      WAIT,
    );
    expect(consumer.lastProgressAt()).toBeGreaterThan(0);
  });

  test('positions every partition, those without messages too', async () => {
    await createTopic(3);
    const database = new StoredOffsets();
    const states: ConsumerState[] = [];
    const consumer = consume(database, { states });
    await vi.waitFor(() => expect(states).toEqual(['joining', 'consuming']), WAIT);
    expect(consumer.assignment().map(({ expectedOffset }) => expectedOffset)).toEqual([0n, 0n, 0n]);
    await consumer.stop();
    expect(states.at(-1)).toBe('stopped');
  });

  test('counts control records, and passes those that come alone', async () => {
    await createTopic();
    await produceInTransaction(3, 'commit');
    const database = new StoredOffsets();
    consume(database);
    await vi.waitFor(() => expect(database.next.get(0)).toBe(4n), WAIT);
    expect(database.offsets()).toEqual(range(0, 3));
    await produceInTransaction(2, 'abort');
    await vi.waitFor(() => expect(database.next.get(0)).toBe(7n), WAIT);
    expect(database.offsets()).toEqual(range(0, 3));
    expect(database.passes.length).toBeGreaterThan(0);
    await produce(1);
    await vi.waitFor(() => expect(database.offsets()).toEqual([0n, 1n, 2n, 7n]), WAIT);
  });

  test('follows the database when its offset is another', async () => {
    await createTopic();
    await produce(10);
    const database = new StoredOffsets();
    const consumer = consume(database);
    await vi.waitFor(() => expect(database.next.get(0)).toBe(10n), WAIT);
    database.next.set(0, 4n);
    await produce(1);
    await vi.waitFor(() => expect(database.offsets()).toEqual([...range(0, 10), ...range(4, 11)]), WAIT);
    database.next.set(0, 9n);
    consumer.seek(topic, 0, 9n);
    await vi.waitFor(() => expect(database.stored).toHaveLength(3), WAIT);
    expect(database.stored[2]?.offsets).toEqual([9n, 10n]);
  });

  test('case 20: a handler that fails is given the same batch again, whatever it threw', async () => {
    await createTopic();
    await produce(2);
    const database = new StoredOffsets();
    const failures = [new TypeError('a bug'), new RangeError('another'), new SyncError('store_unavailable', 'down')];
    database.before = async () => {
      const failure = failures.shift();
      if (failure) throw failure;
    };
    const states: ConsumerState[] = [];
    consume(database, { states });
    await vi.waitFor(() => expect(database.offsets()).toEqual(range(0, 2)), WAIT);
    expect(states).not.toContain('crashed');
  });

  test('an offset that the log has lost is never jumped over: the handler is asked again', async () => {
    await createTopic();
    await produce(10);
    const database = new StoredOffsets();
    database.next.set(0, 2n);
    const native = broker.kafka.admin();
    await native.connect();
    await native.fetchTopicOffsets(topic);
    await native.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
    await native.disconnect();
    const states: ConsumerState[] = [];
    consume(database, { states });
    await vi.waitFor(() => expect(database.assignments.length).toBeGreaterThan(1), WAIT);
    expect(states).toContain('crashed');
    expect(database.stored).toEqual([]);
    expect(database.passes).toEqual([]);
    database.next.set(0, 6n);
    await vi.waitFor(() => expect(database.offsets()).toEqual(range(6, 10)), WAIT);
  });

  test('two members share the partitions; one that stops leaves them to the other, nothing is stored twice', async () => {
    await createTopic(4);
    const database = new StoredOffsets();
    const [first, second] = [consume(database), consume(database)];
    await vi.waitFor(() => {
      expect(first.assignment()).toHaveLength(2);
      expect(second.assignment()).toHaveLength(2);
    }, WAIT);
    for (const partition of [0, 1, 2, 3]) await produce(5, partition);
    await first.stop();
    for (const partition of [0, 1, 2, 3]) await produce(5, partition);
    await vi.waitFor(() => {
      for (const partition of [0, 1, 2, 3]) expect(database.offsets(partition)).toEqual(range(0, 10));
    }, WAIT);
    expect(second.assignment()).toHaveLength(4);
  });

  test.each([
    ['for a reason of its own', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['because the group rebalances', 'REBALANCE_IN_PROGRESS'],
  ])(
    'case 20: an offset that cannot be committed, %s, is committed later; nothing is stored twice',
    async (_, type) => {
      await createTopic();
      await produce(2);
      const database = new StoredOffsets();
      const states: ConsumerState[] = [];
      consume(database, { states, via: failingCommits(broker.kafka, type, 2) });
      await vi.waitFor(() => expect(database.offsets()).toEqual(range(0, 2)), WAIT);
      for (const count of [3, 4]) {
        await produce(1);
        await vi.waitFor(() => expect(database.offsets()).toEqual(range(0, count)), WAIT);
      }
      await vi.waitFor(
        async () => expect(await broker.admin.groupOffsets(`g-${topic}`, topic)).toEqual(new Map([[0, 4n]])),
        WAIT,
      );
      expect(states).not.toContain('crashed');
    },
  );

  test('case 20: a rebalance does not wait for a store that is alive', async () => {
    await createTopic(2);
    await produce(1, 0);
    const database = new StoredOffsets();
    const handler: PartitionHandler = {
      assigned: database.assigned,
      store: async (batch, alive) => {
        for (;;) {
          await alive();
          await new Promise((resolve) => setTimeout(resolve, 100));
          if (isFree) return database.store(batch, alive);
        }
      },
    };
    let isFree = false;
    const first = consume(handler);
    await vi.waitFor(() => expect(first.assignment()).toHaveLength(2), WAIT);
    const second = consume(handler);
    await vi.waitFor(() => {
      expect(first.assignment()).toHaveLength(1);
      expect(second.assignment()).toHaveLength(1);
    }, WAIT);
    isFree = true;
    await vi.waitFor(() => expect(database.offsets()).toEqual([0n]), WAIT);
  });

  test('stop ends a store that waits', async () => {
    await createTopic();
    await produce(1);
    const database = new StoredOffsets();
    let isWaiting = false;
    const consumer = consume({
      assigned: database.assigned,
      store: async (_batch, alive) => {
        for (;;) {
          isWaiting = true;
          await alive();
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
    });
    await vi.waitFor(() => expect(isWaiting).toBe(true), WAIT);
    await expect(consumer.stop()).resolves.toBeUndefined();
  });
}, 60_000);
