import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { consumers } from '../../../../test/support/consumers.ts';
import { StoredOffsets } from '../../../../test/support/stored-offsets.ts';
import type { ChangeConsumer, ConsumerState } from './consumer.ts';
import type { PartitionHandler } from './partition-handler.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const TIMEOUT_MS = 60_000;

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i));
const stack = consumers();
const { createTopic, produce, consume } = stack;

/** Stands still at partition 0 until the gate opens, as a part that halts does; `held` are the stores that stand there. */
function halting(database: StoredOffsets) {
  const gate = { isOpen: false, held: 0, mostHeld: 0 };
  const handler: PartitionHandler = {
    assigned: database.assigned,
    async store(batch, alive) {
      if (batch.partition !== 0) return database.store(batch, alive);
      gate.mostHeld = Math.max(gate.mostHeld, ++gate.held);
      try {
        for (; !gate.isOpen; await new Promise((resolve) => setTimeout(resolve, 20))) await alive();
      } finally {
        gate.held--;
      }
      return database.store(batch, alive);
    },
  };
  return { gate, handler };
}

test(
  'case 71: a partition that halts holds up no other, of its topic or of another one, and goes on at its stored offset',
  async () => {
    const [topic, beside] = [await createTopic(2), await createTopic()];
    const [own, other] = [new StoredOffsets(), new StoredOffsets()];
    const { gate, handler } = halting(own);
    const of = (name: string) => (name === topic ? handler : other);
    const states: ConsumerState[] = [];
    const consumer = consume(
      {
        assigned: (name, partition, alive) => of(name).assigned(name, partition, alive),
        store: (batch, alive) => of(batch.topic).store(batch, alive),
      },
      { states, topics: [topic, beside] },
    );
    for (const count of [3, 6, 9]) {
      await produce(topic, 3, 0);
      await produce(topic, 3, 1);
      await produce(beside, 3);
      await vi.waitFor(() => {
        expect(own.offsets(1)).toEqual(range(0, count));
        expect(other.offsets()).toEqual(range(0, count));
      }, WAIT);
      await vi.waitFor(() => expect(gate.held).toBe(1), WAIT);
    }
    expect(own.offsets(0)).toEqual([]);
    // Somebody moves the offset meanwhile: what is held no longer counts.
    own.next.set(0, 2n);
    consumer.seek(topic, 0, 2n);
    await vi.waitFor(() => expect(gate.held).toBe(0), WAIT);
    await vi.waitFor(() => expect(gate.held).toBe(1), WAIT);
    gate.isOpen = true;
    await vi.waitFor(() => expect(own.offsets(0)).toEqual(range(2, 9)), WAIT);
    await produce(topic, 1, 0);
    await vi.waitFor(() => expect(own.offsets(0)).toEqual(range(2, 10)), WAIT);
    expect(gate.mostHeld).toBe(1);
    expect(states).not.toContain('crashed');
  },
  TIMEOUT_MS,
);

test(
  'case 71: members come and go while a partition halts; who is stopped leaves it to another, nothing is stored twice',
  async () => {
    const topic = await createTopic(2);
    await produce(topic, 3, 0);
    const database = new StoredOffsets();
    const { gate, handler } = halting(database);
    const members = [consume(handler, { topics: [topic] })];
    await vi.waitFor(() => expect(gate.held).toBe(1), WAIT);
    members.push(consume(handler, { topics: [topic] }));
    await vi.waitFor(() => {
      for (const member of members) expect(member.assignment()).toHaveLength(1);
      expect(gate.held).toBe(1);
    }, WAIT);
    const holds = (member: ChangeConsumer) => member.assignment().some(({ partition }) => partition === 0);
    await members.find(holds)?.stop();
    await produce(topic, 3, 1);
    await vi.waitFor(() => expect(database.offsets(1)).toEqual(range(0, 3)), WAIT);
    await vi.waitFor(() => expect(gate.held).toBe(1), WAIT);
    gate.isOpen = true;
    await vi.waitFor(() => expect(database.offsets(0)).toEqual(range(0, 3)), WAIT);
  },
  TIMEOUT_MS,
);

test(
  'case 71: a topic that does not exist holds up no other, and is read once it does',
  async () => {
    const [topic, missing] = [await createTopic(), `t-${randomUUID()}`];
    const [own, other] = [new StoredOffsets(), new StoredOffsets()];
    const of = (name: string): PartitionHandler => (name === missing ? own : other);
    const states: ConsumerState[] = [];
    consume(
      {
        assigned: (name, partition, alive) => of(name).assigned(name, partition, alive),
        store: (batch, alive) => of(batch.topic).store(batch, alive),
      },
      { states, topics: [missing, topic] },
    );
    await produce(topic, 3);
    await vi.waitFor(() => expect(other.offsets()).toEqual(range(0, 3)), WAIT);
    await stack.admin.ensureTopics([{ topic: missing, partitions: 1, replicationFactor: 1, config: {} }]);
    await produce(missing, 3);
    await vi.waitFor(() => expect(own.offsets()).toEqual(range(0, 3)), WAIT);
    await produce(topic, 3);
    await vi.waitFor(() => expect(other.offsets()).toEqual(range(0, 6)), WAIT);
    expect(states).not.toContain('crashed');
  },
  TIMEOUT_MS,
);
