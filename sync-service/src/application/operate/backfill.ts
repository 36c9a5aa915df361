import { randomUUID } from 'node:crypto';
import {
  backfillSignals,
  notificationTopic,
  type Settings,
  type SignalMessage,
  type SourceMapping,
} from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { createDecoder } from '../../infrastructure/kafka/avro.ts';
import type { createKafka } from '../../infrastructure/kafka/client.ts';
import { type Notification, watchNotifications } from '../../infrastructure/kafka/notifications.ts';

const AGGREGATE = 'Incremental Snapshot';
const ENDS = new Set(['COMPLETED', 'ABORTED', 'STOPPED']);
/** The connector has sent every row. An empty table has none. */
const SENT = new Set(['SUCCEEDED', 'EMPTY']);
/**
 * The connector gave up in the midst of the table, and yet reports COMPLETED: a query failed, or Debezium 3.6.1 closed the window
 * in one thread while another was reading the rows for it.
 */
const INTERRUPTED = 'SQL_EXCEPTION';

export interface BackfillParts {
  readonly settings: Settings;
  readonly admin: KafkaAdmin;
  /** Hears what the connector says from now on. */
  readonly watch: (
    source: SourceMapping,
    onNotification: (notification: Notification) => void,
  ) => Promise<AsyncDisposable>;
}

export function backfillParts(settings: Settings, kafka: ReturnType<typeof createKafka>, admin: KafkaAdmin) {
  const decoder = createDecoder(settings.registry);
  const parts: BackfillParts = {
    settings,
    admin,
    watch: (source, onNotification) =>
      watchNotifications(kafka, decoder, notificationTopic(settings, source), onNotification),
  };
  return parts;
}

export interface BackfillEvents {
  onProgress?(source: string, type: string): void;
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
  let heard: ((notification: Notification) => void) | undefined;
  await using _watching = await parts.watch(source, (notification) => {
    if (notification.aggregateType !== AGGREGATE) return;
    events.onProgress?.(source.name, notification.type);
    heard?.(notification);
  });
  const until = Date.now() + deadlineMs;

  /** Asks once, and says how the connector ended it. */
  async function ask(signal: SignalMessage): Promise<string> {
    const { id } = JSON.parse(signal.value) as { id: string };
    const ended = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(lateError(source, deadlineMs)), Math.max(0, until - Date.now()));
      let isStarted = false;
      let scanned: string | undefined;
      heard = ({ id: causedBy, type, additionalData }) => {
        isStarted ||= causedBy === id;
        if (!isStarted) return;
        // Another backfill may run with this one and end under its id: whichever failed, this one is asked for again.
        if (type === 'TABLE_SCAN_COMPLETED' && (scanned === undefined || SENT.has(scanned)))
          scanned = additionalData.status;
        if (!ENDS.has(type)) return;
        clearTimeout(timer);
        // COMPLETED says that nothing is left to read, whichever signal it names; not that everything was sent.
        if (type === 'COMPLETED') resolve(scanned ?? 'SUCCEEDED');
        else reject(endedError(source, `it was ended by somebody (${type})`));
      };
    });
    await Promise.all([parts.admin.send(signal.topic, signal.key, signal.value), ended]);
    return ended;
  }

  // One after another: Debezium remembers one id only, that of the last signal.
  for (const signal of signalsFor(parts, source, keys)) {
    let outcome = await ask(signal);
    while (outcome === INTERRUPTED) outcome = await ask(signal);
    if (!SENT.has(outcome)) throw endedError(source, `the connector could not read the table (${outcome})`);
  }
}

function signalsFor(
  { settings }: BackfillParts,
  source: SourceMapping,
  keys: readonly Key[] | undefined,
): SignalMessage[] {
  return backfillSignals({ id: randomUUID(), settings, source, ...(keys ? { keys } : {}) });
}

function endedError({ name }: SourceMapping, reason: string): SyncError {
  return new SyncError('contract_broken', `the backfill of ${name} is not complete: ${reason}; start it again`);
}

function lateError({ name }: SourceMapping, deadlineMs: number): SyncError {
  return new SyncError(
    'source_unavailable',
    `the connector has not ended the backfill of ${name} within ${deadlineMs} ms; see friend-sync connectors status`,
  );
}
