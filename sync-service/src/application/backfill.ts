import { randomUUID } from 'node:crypto';
import { backfillSignals, type Settings, type SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../domain/change.ts';
import { SyncError } from '../errors.ts';
import type { KafkaAdmin } from '../infrastructure/kafka/admin.ts';
import type { Notification } from '../infrastructure/kafka/notifications.ts';

const AGGREGATE = 'Incremental Snapshot';

export interface BackfillParts {
  readonly settings: Settings;
  readonly admin: KafkaAdmin;
  /** Hears what the connector says from now on. */
  readonly watch: (onNotification: (notification: Notification) => void) => Promise<AsyncDisposable>;
}

export interface BackfillEvents {
  onProgress?(source: string, type: string): void;
}

/** Asks the connector to read rows of a source again: all of them, or those of some keys. Returns when it is asked. */
export async function requestBackfill(
  { settings, admin }: BackfillParts,
  source: SourceMapping,
  keys?: readonly Key[],
): Promise<string[]> {
  const signals = backfillSignals({ id: randomUUID(), settings, source, ...(keys ? { keys } : {}) });
  for (const { topic, key, value } of signals) await admin.send(topic, key, value);
  return signals.map(({ value }) => (JSON.parse(value) as { id: string }).id);
}

/**
 * Reads rows of a source again and returns when the connector has sent them all (the barrier then says when they are
 * applied). The user database is only read; rows that change meanwhile keep their newest value.
 */
export async function runBackfill(
  parts: BackfillParts,
  source: SourceMapping,
  keys: readonly Key[] | undefined,
  deadlineMs: number,
  events: BackfillEvents = {},
): Promise<void> {
  const done = new Set<string>();
  let wake = () => {};
  await using _watching = await parts.watch(({ aggregateType, type, additionalData }) => {
    if (aggregateType !== AGGREGATE) return;
    events.onProgress?.(source.name, type);
    if (type === 'COMPLETED' || type === 'ABORTED') done.add(additionalData.id ?? '');
    wake();
  });
  const ids = await requestBackfill(parts, source, keys);
  const until = Date.now() + deadlineMs;
  while (!ids.every((id) => done.has(id))) {
    const left = until - Date.now();
    if (left <= 0) {
      throw new SyncError(
        'source_unavailable',
        `the connector has not ended the backfill of ${source.name} within ${deadlineMs} ms; friend-sync connectors status`,
      );
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
