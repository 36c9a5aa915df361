import type { SourceMapping } from '@friend-sync/connectors';
import { must, SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Decoder } from '../../infrastructure/kafka/avro.ts';
import { sendDeadLetter } from '../../infrastructure/kafka/dead-letter.ts';
import type { MessageBatch, PartitionHandler, Stored } from '../../infrastructure/kafka/partition-handler.ts';
import { isTooLarge } from '../../infrastructure/mysql/server/fault.ts';
import type { Consumed } from '../../infrastructure/mysql/state/consumed-store.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { FanOutEvents } from '../fan-out/copy-writer.ts';
import type { FanOut } from '../fan-out/fan-out.ts';
import type { SourceReads } from '../read/source-reads.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import { type DecodedBatch, decodeBatch } from './decode-batch.ts';
import { inHalves } from './halves.ts';
import { type IngestBatch, ingest } from './ingest.ts';
import { findStart } from './topic-identity.ts';
import { Undecodable } from './undecodable.ts';

export interface IngestHandlerParts {
  readonly store: Store;
  readonly admin: KafkaAdmin;
  readonly decoder: Decoder;
  readonly fanOut: FanOut;
  /** Told of what is written through. */
  readonly events: FanOutEvents;
  readonly perseverance: Perseverance;
  /** Own reads, by the source's name. */
  readonly reads: ReadonlyMap<string, Pick<SourceReads, 'believed' | 'heard' | 'beginProbation'>>;
  /** Throws while nothing may be stored of a source, by its name. */
  readonly require: (source: string) => void;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly groupId: string;
  /** By topic. */
  readonly sources: ReadonlyMap<string, SourceMapping>;
  readonly signal: AbortSignal;
}

type Moved = Extract<Stored, { kind: 'moved' }>;
type StoredBatch = Moved | { readonly kind: 'stored'; readonly dueCount: number };

/** Where stream, state, retry and apply meet: decode a batch, store it in one transaction, hand its keys to a worker. */
export function createIngestHandler(parts: IngestHandlerParts): PartitionHandler {
  const { store, perseverance, signal } = parts;
  /** The epoch of each partition's offsets, as read when it was assigned. */
  const epochs = new Map<string, number>();
  const undecodable = new Undecodable();
  /** The schemas of what was stored, by topic. */
  const schemas = new Map<string, ReadonlySet<number>>();

  async function begin(topic: string, partition: number, alive?: () => Promise<void>): Promise<bigint> {
    const consumed = await perseverance.run(
      `assignment of ${topic}/${partition}`,
      signal,
      () => findStart(store, parts.admin, parts.groupId, topic, partition, parts.log),
      alive,
    );
    epochs.set(`${topic}/${partition}`, consumed.epoch);
    return consumed.nextOffset;
  }

  /** `sent`: of which offsets a dead letter was sent by an attempt before. */
  async function attempt(source: SourceStore, batch: MessageBatch, sent: Set<bigint>): Promise<Stored> {
    parts.require(source.schema.mapping.name);
    const epoch = must(
      epochs.get(`${batch.topic}/${batch.partition}`),
      `the epoch of ${batch.topic}/${batch.partition}`,
    );
    let decoded: DecodedBatch;
    try {
      decoded = await decodeBatch(parts.decoder, source.schema, batch, epoch);
      undecodable.require(batch, decoded);
    } catch (error) {
      // An operator may have set the offset past what cannot be decoded.
      const consumed = await store.consumed.read(store.database, batch.topic, batch.partition);
      if (consumed?.nextOffset === batch.expectedOffset) throw error;
      return moved(batch.topic, batch.partition, consumed);
    }
    for (const letter of decoded.letters) {
      if (sent.has(letter.message.offset)) continue;
      await sendDeadLetter(parts.admin, letter);
      sent.add(letter.message.offset);
    }
    const { messages, ...where } = batch;
    const reads = parts.reads.get(source.schema.mapping.name);
    const changes = reads?.believed(decoded.changes) ?? decoded.changes;
    const stored = await storeDecoded(source, { ...where, epoch, changes, floor: decoded.floor });
    if (stored.kind === 'moved') return stored;
    if (hasNewSchema(batch.topic, decoded.schemas)) reads?.beginProbation();
    reads?.heard(decoded.changes, stored.dueCount);
    undecodable.count(batch, decoded);
    tell(parts, batch.topic, messages.length, decoded.letters);
    return stored;
  }

  function hasNewSchema(topic: string, ids: ReadonlySet<number>): boolean {
    const known = schemas.get(topic) ?? new Set();
    if ([...ids].every((id) => known.has(id))) return false;
    schemas.set(topic, new Set([...known, ...ids]));
    return true;
  }

  async function storeDecoded(source: SourceStore, batch: IngestBatch): Promise<StoredBatch> {
    const { name } = source.schema.mapping;
    const outcome = await ingest(store, source, batch, parts.fanOut.isIdle).catch((error) => {
      throw mirrorRefusal(error) ?? error;
    });
    if (outcome.kind === 'moved') return moved(batch.topic, batch.partition, outcome.consumed);
    if (outcome.markCount > 0) parts.fanOut.notify();
    if (outcome.applied) {
      parts.events.onWritten(outcome.applied.changed);
      parts.events.onApplied(name, outcome.applied.committedAtMs);
    }
    parts.metrics.marks.inc({ source: name }, outcome.markCount);
    return { kind: 'stored', dueCount: outcome.dueCount };
  }

  async function moved(topic: string, partition: number, consumed: Consumed | undefined): Promise<Moved> {
    if (!consumed) return { kind: 'moved', nextOffset: await begin(topic, partition) };
    epochs.set(`${topic}/${partition}`, consumed.epoch);
    return { kind: 'moved', nextOffset: consumed.nextOffset };
  }

  const storeBatch: PartitionHandler['store'] = (batch, alive) => {
    const source = sourceOf(parts, batch.topic);
    const sent = new Set<bigint>();
    const partition = `${batch.topic}/${batch.partition}`;
    const part = `ingest of ${partition}`;
    parts.fanOut.tellWaiting(source.schema.mapping.name, partition, batch.waiting);
    const storeOnce = () => inHalves(batch, (some) => attempt(source, some, sent));
    return perseverance.run(part, signal, storeOnce, alive);
  };

  return {
    assigned: begin,
    store: storeBatch,
  };
}

/** A value that the mirror refuses is no key's fault: the mirror must become what the source's columns are now. */
function mirrorRefusal(error: unknown): SyncError | undefined {
  if (!(error instanceof SyncError) || error.kind !== 'store_refused' || isTooLarge(error)) return undefined;
  return new SyncError('store_misconfigured', `the mirror is narrower than the source's columns (${error.message})`);
}

function sourceOf({ store, sources }: IngestHandlerParts, topic: string): SourceStore {
  const mapping = sources.get(topic);
  return must(mapping && store.sources.get(mapping.name), `the source of topic ${topic}`);
}

function tell(
  { metrics, log }: Pick<IngestHandlerParts, 'metrics' | 'log'>,
  batchTopic: string,
  messages: number,
  letters: DecodedBatch['letters'],
): void {
  metrics.messages.inc({ topic: batchTopic }, messages);
  metrics.recent.ingested(messages);
  for (const { topic, partition, message, reason } of letters) {
    metrics.deadLetters.inc({ topic });
    log.warn({ topic, partition, offset: String(message.offset), reason }, 'a message became a dead letter');
  }
}
