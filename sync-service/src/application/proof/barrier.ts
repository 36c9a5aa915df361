import { absenceOf, remedyOf } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { findUnsent } from '../../infrastructure/mysql/server/binlog-rest.ts';
import { gtidSet, unitedGtids } from '../../infrastructure/mysql/server/gtid-set.ts';
import type { RefusedKey } from '../../infrastructure/mysql/state/pending-store.ts';
import { findHeld, type HeldCopy, type Store } from '../../infrastructure/mysql/store.ts';
import { within } from '../../within.ts';
import { openTransactions } from './open-transactions.ts';
import { pausedRounds } from './paused-rounds.ts';
import { requireDaemon } from './require-daemon.ts';
import { standstills } from './standstill.ts';
import type { Stream } from './streams.ts';
import { answerTo, type OnWait, type Wait, waiting } from './wait.ts';

const NO_ANSWER = 'the friend database does not answer';
/** Whether the parts are there is asked for so long. */
const REQUIRE_MS = 2_000;

export interface IngestParts {
  readonly store: Store;
  readonly admin: KafkaAdmin;
}

export interface BarrierParts extends IngestParts {
  /** Those of the sources, and that of the late copies where they are followed. */
  readonly streams: readonly Stream[];
}

export interface BarrierResult {
  /** Keys that could not be written, which the barrier does not wait for: of very many of a source the first ones. */
  readonly parked: readonly ({ source: string } & RefusedKey)[];
  /** How many there are of each source. */
  readonly parkedCounts: Readonly<Record<string, number>>;
  /** Copies that are held, of which it says nothing. */
  readonly held: readonly HeldCopy[];
}

/**
 * Returns once everything that the source had committed before the call has been applied to every copy, and copies
 * that somebody else had written by then are equal to it, parked keys and held copies excepted and named. Where that takes long, `onWait`
 * hears of the step at which it stands; past `deadlineMs` it throws, naming it. It throws at once where a part is missing
 * without which nothing arrives. Nothing in friend-sync waits for arrival any other way.
 */
export async function passBarrier(parts: BarrierParts, deadlineMs: number, onWait?: OnWait): Promise<BarrierResult> {
  const { store } = parts;
  const waitUntil = waiting(deadlineMs, {
    async onWait(step) {
      await within(REQUIRE_MS, Promise.all([requireDaemon(store), requireConnectors(parts.streams)]));
      onWait?.(step);
    },
    obstacles: () => standstills(store, parts.streams),
  });
  await Promise.all(parts.streams.map((stream) => awaitIngest(stream, parts, waitUntil)));
  await awaitReads(store, waitUntil);
  await awaitFanOut(store, waitUntil);
  const held = await awaitSweeps(store, waitUntil);
  return { held, ...(await answerTo(waitUntil, NO_ANSWER, () => readParked(store))) };
}

/** What no daemon can write, of each source. */
export async function readParked({
  sources,
  database,
}: Pick<Store, 'sources' | 'database'>): Promise<Omit<BarrierResult, 'held'>> {
  const looks = [...sources].map(async ([source, { pending, due }]) => {
    const named = [...(await pending.parked(database)), ...(await due.refused(database))];
    const count = (await pending.count(database)).parked + (await due.countRefused(database));
    return { parked: named.map((key) => ({ source, ...key })), count: [source, count] as const };
  });
  const found = await Promise.all(looks);
  return {
    parked: found.flatMap(({ parked }) => parked),
    parkedCounts: Object.fromEntries(found.map(({ count }) => count)),
  };
}

/** Throws where one does not exist: nobody creates it but an operator. One that has failed is restarted. */
async function requireConnectors(streams: readonly Stream[]): Promise<void> {
  for (const { connectorName, status } of streams) {
    const found = await status().catch((error: Error) => error);
    if (!found) throw new SyncError('connector_failed', absenceOf(connectorName), { hint: remedyOf(found) });
  }
}

/** The barrier's first part: returns once everything that a server had committed before the call has been ingested. */
export async function awaitIngest(stream: Stream, parts: IngestParts, waitUntil: Wait): Promise<void> {
  const readBefore = () => readConsumed(stream.topics, parts.store);
  const before = await answerTo(waitUntil, NO_ANSWER, readBefore);
  const ends = await awaitSent(stream, parts, waitUntil);
  requireSameLogs(before, ends);
  await awaitConsumed(stream, ends, parts, waitUntil);
}

/** An offset of each partition, by topic. */
export type Ends = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

/**
 * Waits until the connector has sent everything that its server had committed before the call, and the transactions of
 * `also`, a GTID set; returns where its topics end then. A server that lacks some of `also` is waited for.
 */
export async function awaitSent(
  stream: Stream,
  { admin }: Pick<IngestParts, 'admin'>,
  waitUntil: Wait,
  also = '',
): Promise<Ends> {
  const { server, connectorName, topics } = stream;
  const readExecuted = () => server.rows('reading gtid_executed', 'SELECT @@global.gtid_executed AS gtids');
  const [executed] = await answerTo(waitUntil, `the server of ${connectorName} does not answer`, readExecuted);
  const wanted = unitedGtids([gtidSet(executed?.gtids), also]);
  let unsent: string | undefined = '';
  const isSent = async () => {
    unsent = await stream.sent().then(
      (sent) => (sent ? findUnsent(server, sent, wanted) : 'it has stored no position'),
      () => 'Kafka Connect does not tell its position',
    );
    return unsent === undefined;
  };
  const obstacle = async () => listed([unsent, ...(await openTransactionsOf(stream, admin))]);
  await waitUntil(`the connector ${connectorName} has not sent what its server committed`, isSent, obstacle);
  // Open transactions included: the marker that commits what was sent may not be in every partition yet.
  const ends = () => Promise.all(topics.map(async (topic) => [topic, await admin.endOffsets(topic)] as const));
  return new Map(await answerTo(waitUntil, `Kafka does not tell where the topics of ${connectorName} end`, ends));
}

/** Waits until everything below these ends of a stream's topics has been ingested. `read`: the next offset of each partition. */
export async function awaitConsumed(
  stream: Stream,
  ends: Ends,
  { store, admin }: IngestParts,
  waitUntil: Wait,
  read: () => Promise<Ends> = () => readConsumed([...ends.keys()], store),
): Promise<void> {
  const isIngested = async () => {
    const consumed = await read();
    return eachEnd(ends, (topic, partition, end) => (consumed.get(topic)?.get(partition) ?? 0n) >= end);
  };
  const step = `the topics of ${stream.connectorName} have not been ingested`;
  await waitUntil(step, isIngested, async () => listed(await openTransactionsOf(stream, admin)));
}

/** Throws `topic_replaced` where a log ends below the offset that it was to be read from before: it is another one. */
export function requireSameLogs(before: Ends, ends: Ends): void {
  eachEnd(ends, (topic, partition, end) => {
    const next = before.get(topic)?.get(partition) ?? 0n;
    if (end >= next) return true;
    throw new SyncError(
      'topic_replaced',
      `${topic}/${partition} ends at offset ${end}, and ${next} was to be read next: it is another log`,
    );
  });
}

function eachEnd(ends: Ends, holds: (topic: string, partition: number, end: bigint) => boolean): boolean {
  return [...ends].every(([topic, offsets]) => [...offsets].every(([partition, end]) => holds(topic, partition, end)));
}

/** The next offset of each partition. */
export async function readConsumed(topics: readonly string[], { consumed, database }: Store): Promise<Ends> {
  const read = topics.map(async (topic) => {
    const partitions = await consumed.readAll(database, topic);
    return [topic, new Map([...partitions].map(([n, { nextOffset }]) => [n, nextOffset]))] as const;
  });
  return new Map(await Promise.all(read));
}

function openTransactionsOf({ topics, heartbeatTopic }: Stream, admin: KafkaAdmin): Promise<string[]> {
  return openTransactions(admin, [...topics, heartbeatTopic]);
}

function listed(problems: readonly (string | undefined)[]): string {
  const known = problems.filter((problem) => problem);
  return known.length > 0 ? `: ${known.join('; ')}` : '';
}

/** The barrier's second part: returns once every key that was due for a read at the call has been looked at since. */
export async function awaitReads({ sources, database }: Store, waitUntil: Wait): Promise<void> {
  const looks = [...sources.values()].map(async ({ due }) => {
    const moment = await answerTo(waitUntil, NO_ANSWER, () => due.moment(database));
    return () => due.count(database, moment);
  });
  const counts = await Promise.all(looks);
  await waitUntil('keys are due for a read', noneOf(counts), async () => {
    const left = await Promise.all(counts.map((count) => count()));
    return `: ${left.reduce((sum, n) => sum + n, 0)}`;
  });
}

/** The barrier's third part: returns once no key is pending that was pending at the call, parked ones excepted. */
export async function awaitFanOut({ sources, database, pause }: Store, waitUntil: Wait): Promise<void> {
  const looks = [...sources.values()].map(async ({ pending }) => {
    const moment = await answerTo(waitUntil, NO_ANSWER, () => pending.moment(database));
    return () => pending.countUnsettled(database, moment);
  });
  await waitUntil('keys are pending', noneOf(await Promise.all(looks)), async () => {
    const since = await pause.since(database);
    const paused = since === undefined ? '' : `fan-out is paused since ${since} UTC; friend-sync resume; `;
    const counts = await Promise.all([...sources.values()].map(({ pending }) => pending.count(database)));
    const all = counts.reduce((sum, { pending }) => sum + pending, 0);
    const parked = counts.reduce((sum, one) => sum + one.parked, 0);
    return `: ${paused}${all - parked}${parked > 0 ? `, and ${parked} more are parked, which is not waited for` : ''}`;
  });
}

/**
 * The barrier's fourth part: returns once every copy has been swept of which a change was passed over, and what was found is
 * written. Returns the copies that are held: nobody sweeps them.
 */
export async function awaitSweeps(store: Store, waitUntil: Wait): Promise<HeldCopy[]> {
  let held: HeldCopy[] = [];
  let unswept: string[] = [];
  // The mark is the same: some late copies were not compared, since their source was behind, or the table did not fit.
  const step = 'late copies, or copies that were held, wait for a sweep';
  const isSwept = async () => {
    held = await findHeld(store);
    const waits = [...store.sources].map(async ([source, { missed, mapped }]) => {
      const marks = await missed.marks(store.database);
      return mapped.filter(({ id, fit }) => fit && marks.has(id)).map(({ id }) => `${id} of ${source}`);
    });
    unswept = (await Promise.all(waits)).flat();
    return unswept.length === 0;
  };
  const progress = 'friend-sync status shows how far the round is';
  await waitUntil(step, isSwept, async () =>
    [`: ${unswept.join(', ')}`, ...(await pausedRounds(store)).values(), progress].join('; '),
  );
  await awaitFanOut(store, waitUntil);
  return held;
}

function noneOf(counts: readonly (() => Promise<number>)[]): () => Promise<boolean> {
  return async () => (await Promise.all(counts.map((count) => count()))).every((n) => n === 0);
}
