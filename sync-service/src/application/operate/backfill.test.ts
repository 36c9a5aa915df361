import { loadConfiguration, type SourceMapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Notification } from '../../infrastructure/kafka/notifications.ts';
import { runBackfill } from './backfill.ts';

const { settings, mapping } = loadConfiguration({
  text: `
sources:
  - { name: account, table: a.account, key: id, copies: [{ table: b.copy, key: account_id, set: { nick: nick } }] }`,
  file: 'test.yaml',
  env: { FRIEND_SYNC_SOURCE__PASSWORD: 'x', FRIEND_SYNC_TARGET__PASSWORD: 'x' },
});
const [source] = mapping.sources as [SourceMapping];

/** A connector whose table scans end as told, one a signal; returns how often it was asked. */
async function backfill(...outcomes: string[]): Promise<number> {
  let asked = 0;
  let tell: (notification: Notification) => void = () => {};
  const admin: Pick<KafkaAdmin, 'send'> = {
    async send(_topic, _key, value) {
      const { id } = JSON.parse(String(value)) as { id: string };
      const status = outcomes[asked++] ?? 'asked too often';
      const say = (type: string, additionalData = {}) =>
        tell({ aggregateType: 'Incremental Snapshot', type, id, additionalData });
      say('STARTED');
      say('TABLE_SCAN_COMPLETED', { status });
      say('COMPLETED');
    },
  };
  const watch = async (_: SourceMapping, onNotification: typeof tell) => {
    tell = onNotification;
    return { async [Symbol.asyncDispose]() {} };
  };
  await runBackfill({ settings, admin: admin as KafkaAdmin, watch }, source, undefined, 10_000);
  return asked;
}

test.each(['SUCCEEDED', 'EMPTY'])('a scan that ended as %s is all there is to do', async (status) => {
  expect(await backfill(status)).toBe(1);
});

test('a scan in which the connector gave up half-way is asked for again, although it reports COMPLETED', async () => {
  expect(await backfill('SQL_EXCEPTION', 'SQL_EXCEPTION', 'SUCCEEDED')).toBe(3);
});

test('a table that the connector cannot read is no complete backfill', async () => {
  await expect(backfill('UNKNOWN_SCHEMA')).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringContaining('UNKNOWN_SCHEMA'),
  });
});
