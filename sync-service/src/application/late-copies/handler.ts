import type { TableName } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import { parseRow } from '../../infrastructure/kafka/message-key.ts';
import type { Alive, MessageBatch, PartitionHandler, Stored } from '../../infrastructure/kafka/partition-handler.ts';
import { requestRounds, type SourceStore, type Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { FanOut } from '../fan-out/fan-out.ts';
import { inHalves } from '../ingest/halves.ts';
import { checkLog } from '../ingest/topic-identity.ts';
import type { IngestParts } from '../proof/barrier.ts';
import { awaitCaughtUp } from '../proof/caught-up.ts';
import type { Stream } from '../proof/streams.ts';
import type { Perseverance } from '../supervise/perseverance.ts';

/** Late copies wait for the source's changes for so long; then a sweep finds them, which waits for as long as it takes. */
const LONGEST_DEFERRAL_MS = 30_000;
/** For so long where that sweep is yet to come anyway: other sources may have copies in the table. */
const SHORT_DEFERRAL_MS = 5_000;

export interface LateCopiesParts extends IngestParts {
  readonly fanOut: Pick<FanOut, 'notify'>;
  readonly perseverance: Perseverance;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The changes of each source, by its name, which a late copy must not overtake. */
  readonly changes: ReadonlyMap<string, Stream>;
  /** Throws while a source cannot be followed. */
  readonly require: (source: string) => void;
  /** Where messages about a target table arrive. */
  readonly topicOf: (table: TableName) => string;
  readonly signal: AbortSignal;
}

/**
 * Follows what others write to the target tables: a message names a copy, which is compared with the mirror, and its key
 * is marked if it differs. Where messages of a table do not tell that, a round of its sources is hastened instead. The
 * application may have read a newer value than we have ingested, so the comparison waits until all that the
 * source had committed when the message was read has been ingested. Where that takes long, and where a copy is held, it is
 * passed over, and marked as missed.
 */
export function createLateCopiesHandler(parts: LateCopiesParts): PartitionHandler {
  const { store, perseverance, signal } = parts;
  /** Topics of which some message has told nothing: said once. */
  const untold = new Set<string>();

  async function attempt(batch: MessageBatch, alive: Alive): Promise<Stored> {
    const { topic, partition, expectedOffset, nextOffset, maxTimestampMs } = batch;
    const behind = batch.messages.length > 0 ? await awaitSources(parts, topic, alive) : [];
    const { late, missed } = await findLate(parts, batch, behind);
    const found = await store.database.transaction('late copies', async (tx) => {
      const consumed = await store.consumed.lock(tx, topic, partition);
      if (consumed?.nextOffset !== expectedOffset) return consumed?.nextOffset ?? 'nothing';
      for (const { source, keys, held } of late) {
        await source.pending.mark(tx, keys);
        await source.missed.mark(tx, held);
      }
      for (const { source } of missed) await source.round.hasten(tx, 'copies missed');
      await store.consumed.advance(tx, { topic, partition, nextOffset, maxTimestampMs, newestGtid: null });
      return expectedOffset;
    });
    if (found === 'nothing') return { kind: 'moved', nextOffset: await begin(parts, topic, partition) };
    if (found !== expectedOffset) return { kind: 'moved', nextOffset: found };
    for (const { problem } of missed.filter(() => !untold.has(topic)))
      parts.log.warn({ topic, problem }, 'late copies that no message tells of: a patrol follows each time');
    if (missed.length > 0) untold.add(topic);
    if (late.length > 0) parts.fanOut.notify();
    for (const { source, keys } of late)
      parts.metrics.lateCopies.inc({ source: source.schema.mapping.name }, keys.length);
    parts.metrics.messages.inc({ topic }, batch.messages.length);
    return { kind: 'stored' };
  }

  return {
    assigned: (topic, partition, alive) =>
      perseverance.run(`assignment of ${topic}/${partition}`, signal, () => begin(parts, topic, partition), alive),
    store(batch, alive) {
      const storeOnce = () => inHalves(batch, (some) => attempt(some, alive));
      return perseverance.run(`late copies of ${batch.topic}/${batch.partition}`, signal, storeOnce, alive);
    },
  };
}

/**
 * Where to go on. A log that is another one now, or no longer holds the offset, is read from its start: what its
 * messages would have said, a round finds.
 */
async function begin({ store, admin, log }: LateCopiesParts, topic: string, partition: number): Promise<bigint> {
  const offsets = await admin.partitionOffsets(topic);
  await store.database.transaction('adopting the topic', (tx) => store.consumed.adopt(tx, topic, offsets));
  const consumed = await store.consumed.read(store.database, topic, partition);
  const low = offsets.find((at) => at.partition === partition)?.low;
  if (!consumed || low === undefined) throw new SyncError('internal', `${topic}/${partition} was not adopted`);
  try {
    await checkLog(admin, topic, partition, consumed);
    return consumed.nextOffset;
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind !== 'topic_replaced') throw error;
    log.warn({ topic, partition, problem: error.message }, 'late copies may have been missed; a patrol follows');
    return startAnew(store, topic, partition, low);
  }
}

async function startAnew(store: Store, topic: string, partition: number, low: bigint): Promise<bigint> {
  await store.database.transaction('beginning anew', async (tx) => {
    await store.consumed.lock(tx, topic, partition);
    await store.consumed.restart(tx, topic, partition, low);
    await requestRounds(store, tx);
  });
  return low;
}

/** Waits for the sources of a topic's table; returns those with which the mirror has not caught up in time, or that cannot be asked. */
async function awaitSources(parts: LateCopiesParts, topic: string, alive: Alive): Promise<readonly SourceStore[]> {
  const waits = sourcesIn(parts, topic).map(async ({ source, copies }) => {
    const { name } = source.schema.mapping;
    const stream = parts.changes.get(name);
    if (!stream) return [];
    const marks = await source.missed.marks(parts.store.database);
    const longestMs = copies.every(({ id }) => marks.has(id)) ? SHORT_DEFERRAL_MS : LONGEST_DEFERRAL_MS;
    try {
      await awaitCaughtUp({ ...parts, stream, require: () => parts.require(name) }, longestMs, { alive });
      return [];
    } catch (error) {
      if (!(error instanceof SyncError))
        throw new SyncError('source_unavailable', `the consumer group: ${(error as Error).name}`, { cause: error });
      if (error.kind === 'aborted') throw error;
      parts.log.debug({ source: name, problem: error.message }, 'late copies are left to a sweep');
      return [source];
    }
  });
  return (await Promise.all(waits)).flat();
}

/** The sources that have copies in the table of a topic. */
function sourcesIn({ store, topicOf }: LateCopiesParts, topic: string) {
  return [...store.sources.values()]
    .map((source) => ({ source, copies: source.mapped.filter(({ mapping }) => topicOf(mapping.table) === topic) }))
    .filter(({ copies }) => copies.length > 0);
}

async function findLate(parts: LateCopiesParts, { topic, messages }: MessageBatch, behind: readonly SourceStore[]) {
  const { database } = parts.store;
  const rows = messages.flatMap(({ value }) => (value ? [parseRow(value) ?? {}] : []));
  const late: { source: SourceStore; keys: Key[]; held: string[] }[] = [];
  const missed: { source: SourceStore; problem: string }[] = [];
  for (const { source, copies } of rows.length > 0 ? sourcesIn(parts, topic) : []) {
    const compared = behind.includes(source) ? [] : copies.filter(({ fit }) => fit);
    const held = copies.filter((copy) => !compared.includes(copy)).map(({ id }) => id);
    const sweeps = compared.flatMap(({ fit }) => fit?.sweep ?? []);
    try {
      const found = await Promise.all(sweeps.map((sweep) => sweep.differingAmong(database, rows)));
      const keys = [...new Set(found.flatMap(({ differing }) => differing.map(({ key }) => key)))];
      if (keys.length + held.length > 0) late.push({ source, keys, held });
      if (found.some(({ unreadable }) => unreadable))
        missed.push({ source, problem: 'messages that lack a column of the primary key, or the foreign key' });
    } catch (error) {
      const { kind, message } = toSyncError(error);
      // What is wrong with one table holds up no other.
      if (!['store_refused', 'store_misconfigured', 'internal'].includes(kind)) throw error;
      missed.push({ source, problem: message });
    }
  }
  return { late, missed };
}
