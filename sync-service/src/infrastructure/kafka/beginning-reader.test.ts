import type { KafkaMessage } from 'kafkajs';
import { expect, test } from 'vitest';
import { BeginningReader } from './beginning-reader.ts';

test('the last record that was written at a beginning tells where that was; another topic tells its own', async () => {
  const begun = (gtids: string) => ({ position: { gtids, snapshot: 'INITIAL' }, ddl: 'CREATE TABLE t (id INT)' });
  const ddl = (gtids: string) => ({ position: { gtids }, ddl: 'ALTER TABLE t ADD x INT' });
  const topics: Record<string, object[]> = { a: [begun('u:1-3'), begun('u:1-3'), ddl('u:1-7')], b: [ddl('u:1-2')] };
  const reader = new BeginningReader({
    admin: {
      partitionOffsets: async (topic) => [{ partition: 0, low: 0n, high: BigInt(topics[topic]?.length ?? 0) }],
    },
    async read(topic, onMessage, from) {
      for (const record of topics[topic]?.slice(Number(from)) ?? [])
        onMessage({ value: Buffer.from(JSON.stringify(record)) } as KafkaMessage);
    },
  });
  expect(await reader.read('a')).toBe('u:1-3');
  topics.a?.push(begun('u:1-9'), ddl('u:1-12'));
  expect(await reader.read('a')).toBe('u:1-9');
  expect(await reader.read('b')).toBe(undefined);
});
