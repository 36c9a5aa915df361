import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../domain/change.ts';
import { SyncError } from '../errors.ts';
import type { KafkaAdmin } from '../infrastructure/kafka/admin.ts';
import type { Database } from '../infrastructure/mysql/database.ts';
import type { Store } from '../infrastructure/mysql/store.ts';

const POLL_MS = 100;

export interface BarrierParts {
  readonly source: Database;
  readonly store: Store;
  readonly admin: KafkaAdmin;
  /** The GTID set up to which the connector has sent everything; undefined while it has stored no offset. */
  readonly connectorGtids: () => Promise<string | undefined>;
  readonly topics: readonly string[];
}

export interface BarrierResult {
  /** Keys that could not be written, which the barrier does not wait for. */
  readonly parked: readonly { source: string; key: Key; reason: string }[];
}

/**
 * Returns once everything that the source had committed before the call has been applied to every copy, parked keys
 * excepted and named. Past `deadlineMs` it throws, naming the step at which it stands. Nothing in friend-sync waits
 * for arrival any other way.
 */
export async function passBarrier(parts: BarrierParts, deadlineMs: number): Promise<BarrierResult> {
  const { source, store, admin } = parts;
  const waitUntil = waiting(deadlineMs);
  const [executed] = await source.rows('reading gtid_executed', 'SELECT @@global.gtid_executed AS gtids');
  const wanted = String(executed?.gtids);

  await waitUntil('the connector has not sent what the source committed', async () => {
    // While Connect does not answer, it has not sent anything either.
    const sent = await parts.connectorGtids().catch(() => undefined);
    if (sent === undefined) return false;
    const [row] = await source.rows('comparing GTID sets', 'SELECT GTID_SUBSET(?, ?) AS reached', [wanted, sent]);
    return Number(row?.reached) === 1;
  });

  const ends = await Promise.all(
    parts.topics.map(async (topic) => ({ topic, offsets: await admin.partitionOffsets(topic) })),
  );
  await waitUntil('the topics have not been ingested', async () => {
    for (const { topic, offsets } of ends) {
      const consumed = await store.consumed.readAll(store.database, topic);
      if (offsets.some(({ partition, high }) => high > 0n && (consumed.get(partition)?.nextOffset ?? 0n) < high))
        return false;
    }
    return true;
  });

  const [now] = await store.database.rows('reading the clock', 'SELECT NOW(6) AS moment');
  await waitUntil('keys are pending', async () => {
    const counts = await Promise.all(
      [...store.sources.values()].map((s) => s.pending.countUnsettled(store.database, String(now?.moment))),
    );
    return counts.every((count) => count === 0);
  });
  const parked = await Promise.all(
    [...store.sources].map(async ([name, s]) =>
      (await s.pending.parked(store.database)).map((key) => ({ source: name, ...key })),
    ),
  );
  return { parked: parked.flat() };
}

function waiting(deadlineMs: number) {
  const until = Date.now() + deadlineMs;
  return async (step: string, isReached: () => Promise<boolean>): Promise<void> => {
    while (!(await isReached())) {
      if (Date.now() > until)
        throw new SyncError('source_unavailable', `not caught up within ${deadlineMs} ms: ${step}`);
      await delay(POLL_MS);
    }
  };
}
