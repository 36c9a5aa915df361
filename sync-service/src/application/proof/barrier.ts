import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { type BinlogPosition, holdsOnlyStatements } from '../../infrastructure/mysql/binlog-rest.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { containsGtids } from '../../infrastructure/mysql/server-state.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import { openTransactions } from './open-transactions.ts';

const POLL_MS = 100;

/** What a connector has stored of its place in a server's binary logs. */
export interface SentUpTo extends BinlogPosition {
  readonly gtids: string;
}

/** What a connector sends of a server's commits. */
export interface Stream {
  readonly connectorName: string;
  readonly server: Database;
  /** Up to where the connector has sent everything; undefined while it has stored no offset. */
  readonly sent: () => Promise<SentUpTo | undefined>;
  readonly topics: readonly string[];
  /** Written in the connector's transactions besides the topics. */
  readonly heartbeatTopic: string;
}

export interface IngestParts {
  readonly store: Store;
  readonly admin: KafkaAdmin;
}

export interface BarrierParts extends IngestParts {
  /** Those of the sources, and that of the late copies where they are followed. */
  readonly streams: readonly Stream[];
}

export interface BarrierResult {
  /** Keys that could not be written, which the barrier does not wait for. */
  readonly parked: readonly { source: string; key: Key; reason: string }[];
}

/**
 * Returns once everything that the source had committed before the call has been applied to every copy, and copies
 * that somebody else had written by then are equal to it, parked keys excepted and named. Past `deadlineMs` it throws,
 * naming the step at which it stands. Nothing in friend-sync waits for arrival any other way.
 */
export async function passBarrier(parts: BarrierParts, deadlineMs: number): Promise<BarrierResult> {
  const { store } = parts;
  const waitUntil = waiting(deadlineMs);
  await Promise.all(parts.streams.map((stream) => awaitIngest(stream, parts, waitUntil)));
  await awaitDoubts(store, waitUntil);
  await awaitFanOut(store, waitUntil);
  const parked = await Promise.all(
    [...store.sources].map(async ([name, s]) =>
      (await s.pending.parked(store.database)).map((key) => ({ source: name, ...key })),
    ),
  );
  return { parked: parked.flat() };
}

/** The barrier's first part: returns once everything that a server had committed before the call has been ingested. */
export async function awaitIngest(stream: Stream, { store, admin }: IngestParts, waitUntil: Wait): Promise<void> {
  const { server, connectorName } = stream;
  const [executed] = await server.rows('reading gtid_executed', 'SELECT @@global.gtid_executed AS gtids');
  const wanted = String(executed?.gtids);
  const isSent = async () => {
    // While Connect does not answer, it has not sent anything either.
    const sent = await stream.sent().catch(() => undefined);
    if (sent === undefined) return false;
    return (await containsGtids(server, sent.gtids, wanted)) || (await holdsOnlyStatements(server, sent));
  };
  const obstacle = () => openTransactions(admin, [...stream.topics, stream.heartbeatTopic]);
  await waitUntil(`the connector ${connectorName} has not sent what its server committed`, isSent, obstacle);

  // Open transactions included: the marker that commits what was sent may not be in every partition yet.
  const ends = await Promise.all(
    stream.topics.map(async (topic) => ({ topic, offsets: await admin.endOffsets(topic) })),
  );
  const isIngested = async () => {
    for (const { topic, offsets } of ends) {
      const consumed = await store.consumed.readAll(store.database, topic);
      for (const [partition, end] of offsets) if ((consumed.get(partition)?.nextOffset ?? 0n) < end) return false;
    }
    return true;
  };
  await waitUntil(`the topics of ${connectorName} have not been ingested`, isIngested, obstacle);
}

/** The barrier's second part: returns once no read is in doubt that was at the call. */
async function awaitDoubts(store: Store, waitUntil: Wait): Promise<void> {
  await awaitNone(store, waitUntil, 'reads are in doubt', ({ doubts }, moment) => doubts.count(store.database, moment));
}

/** The barrier's third part: returns once no key is pending that was pending at the call, parked ones excepted. */
export async function awaitFanOut(store: Store, waitUntil: Wait): Promise<void> {
  await awaitNone(store, waitUntil, 'keys are pending', ({ pending }, moment) =>
    pending.countUnsettled(store.database, moment),
  );
}

async function awaitNone(
  { database, sources }: Store,
  waitUntil: Wait,
  step: string,
  count: (source: SourceStore, moment: string) => Promise<number>,
): Promise<void> {
  const [now] = await database.rows('reading the clock', 'SELECT NOW(6) AS moment');
  await waitUntil(step, async () => {
    const counts = await Promise.all([...sources.values()].map((source) => count(source, String(now?.moment))));
    return counts.every((n) => n === 0);
  });
}

/**
 * Looks again and again until it is reached; throws when it took too long, naming step and obstacle, and what `alive`
 * throws meanwhile.
 */
export type Wait = (step: string, isReached: () => Promise<boolean>, obstacle?: () => Promise<string>) => Promise<void>;

export function waiting(deadlineMs: number, alive?: () => Promise<void>): Wait {
  const until = Date.now() + deadlineMs;
  return async (step, isReached, obstacle = async () => '') => {
    while (!(await isReached())) {
      if (Date.now() > until)
        throw new SyncError('source_unavailable', `not caught up within ${deadlineMs} ms: ${step}${await obstacle()}`);
      await delay(POLL_MS);
      await alive?.();
    }
  };
}
