import { expect, test } from 'vitest';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { awaitIngest, awaitSent } from './barrier.ts';
import type { Stream } from './streams.ts';
import { waiting } from './wait.ts';

const TOPIC = 'some.topic';

/** A server that has executed nothing, whose connector has sent it; and a store that has read up to an offset. */
function quiet(end: bigint, nextOffset: bigint, sent: Stream['sent'] = async () => ({ gtids: '', file: 'f', pos: 4 })) {
  const server = { rows: async () => [{ missing: '' }] } as unknown as Database;
  const status = async () => ({ state: 'RUNNING', tasks: [] });
  const stream: Stream = { connectorName: 'some', server, sent, status, topics: [TOPIC], heartbeatTopic: 'heartbeat' };
  const admin = {
    endOffsets: async () => new Map([[0, end]]),
    partitionOffsets: async () => [{ partition: 0, low: 0n, high: end }],
  } as unknown as KafkaAdmin;
  const consumed = { readAll: async () => new Map([[0, { nextOffset }]]) };
  return { stream, admin, store: { consumed } as unknown as Store };
}

test('what has been read to its end has been ingested; what has not is waited for', async () => {
  const { stream, ...parts } = quiet(7n, 7n);
  await awaitIngest(stream, parts, waiting(0));
  const { stream: behind, ...rest } = quiet(8n, 7n);
  await expect(awaitIngest(behind, rest, waiting(0))).rejects.toThrow(/the topics of some have not been ingested/);
});

test('a log that ends below the offset that was to be read next is another one, and nothing is proven', async () => {
  const { stream, ...parts } = quiet(5n, 7n);
  await expect(awaitIngest(stream, parts, waiting(0))).rejects.toMatchObject({
    kind: 'topic_replaced',
    message: expect.stringContaining(`${TOPIC}/0 ends at offset 5, and 7 was to be read next`),
  });
});

test.each<[string, Stream['sent'], RegExp]>([
  ['has stored no position', async () => undefined, /some has not sent .*: it has stored no position/],
  ['cannot be asked', () => Promise.reject(new Error('away')), /some has not sent .*: Kafka Connect does not tell/],
])('a connector that %s is named, with the reason', async (_, sent, problem) => {
  const { stream, admin } = quiet(7n, 7n, sent);
  await expect(awaitSent(stream, { admin }, waiting(0))).rejects.toThrow(problem);
});
