import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Batch, type Consumer, type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import { SyncError } from '../../errors.ts';
import type { Alive, AssignedPartition, ChangeConsumerOptions, Message } from './consumer.ts';

interface SessionOptions extends ChangeConsumerOptions {
  onPositioned(partitions: number): void;
  onRejoining(): void;
  onProgress(): void;
}

/** Where a partition is read. Replaced, never re-used, by a seek or an assignment: identity tells who is outdated. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  /** The next offset, in the database and in kafkajs. */
  expectedOffset: bigint;
}

/** One kafkajs consumer, from its first join until it crashes or is closed. */
export interface ConsumerSession {
  /** Resolves, never rejects, with what ended it. */
  readonly ended: Promise<unknown>;
  seek(topic: string, partition: number, offset: bigint): void;
  assignment(): AssignedPartition[];
  /** Ends it with {@link REJOIN}. */
  rejoin(): void;
  close(): Promise<void>;
}

/** What ends a session that is to be followed by another at once. */
export const REJOIN = Symbol('rejoin');

const MAX_WAIT_MS = 500;
const JOIN_GRACE_MS = 4_000;
const CLOSE_MS = 5_000;
const REPOSITION_MS = 5_000;
/** What tells that the group has moved on; kafkajs must see it to join again. */
const REBALANCE_TYPES = [
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
];

/**
 * Connects, joins and consumes. Partitions are paused from the moment of their assignment until the handler has said
 * where to read from: nothing is fetched before, other partitions are not held up, and kafkajs goes on with heartbeats.
 */
export function openSession(options: SessionOptions): ConsumerSession {
  const { handler, log, batchMessages } = options;
  const consumer = options.kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: Math.max(60_000, options.sessionTimeoutMs),
    heartbeatInterval: Math.min(3_000, Math.floor(options.sessionTimeoutMs / 3)),
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: 1_048_576,
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    // Rebuilding is our loop's job alone: kafkajs restarts after some crashes and lies dead after others.
    retry: { restartOnFailure: async () => false },
  });
  const positions = new Map<string, Position>();
  let generation = Symbol('not joined');
  let isClosing = false;
  let isAbandoned = false;
  let end: (error: unknown) => void = () => {};

  const isCurrent = (position: Position) => positions.get(nameOf(position)) === position;

  function seekTo(topic: string, partition: number, expectedOffset: bigint): void {
    positions.set(nameOf({ topic, partition }), { topic, partition, expectedOffset });
    consumer.seek({ topic, partition, offset: String(expectedOffset) });
  }

  /** Runs within kafkajs's join, before its first fetch. */
  function onJoin(memberAssignment: Readonly<Record<string, number[]>>): void {
    // A join that ends after the close would leave a member that nobody stops.
    if (isAbandoned) throw new SyncError('aborted', 'the consumer is closed');
    generation = Symbol('joined');
    positions.clear();
    const assigned = Object.entries(memberAssignment).map(([topic, partitions]) => ({ topic, partitions }));
    consumer.pause(assigned);
    if (!isClosing) void positionAll(assigned);
  }

  async function positionAll(assigned: { topic: string; partitions: number[] }[]): Promise<void> {
    const mine = generation;
    const partitions = assigned.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    log.info({ partitions: partitions.length }, 'partitions assigned');
    await Promise.all(partitions.map(({ topic, partition }) => position(topic, partition)));
    if (generation === mine && !isClosing) options.onPositioned(partitions.length);
  }

  async function position(topic: string, partition: number): Promise<void> {
    const mine = generation;
    const isOutdated = () => generation !== mine || isClosing;
    const alive = async () => {
      if (isOutdated()) throw new SyncError('aborted', 'the partition is no longer ours');
    };
    while (!isOutdated()) {
      try {
        const offset = await handler.assigned(topic, partition, alive);
        if (isOutdated()) return;
        seekTo(topic, partition, offset);
        consumer.resume([{ topic, partitions: [partition] }]);
        log.info({ topic, partition, offset: String(offset) }, 'partition positioned');
        return;
      } catch (error) {
        if (isOutdated()) return;
        log.error({ topic, partition, ...describe(error) }, 'partition could not be positioned, trying again');
        await sleep(REPOSITION_MS, undefined, { ref: false });
      }
    }
  }

  async function onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const position = positions.get(nameOf(batch));
    if (!position || !payload.isRunning() || payload.isStale()) return;
    const requireCurrent = () => {
      if (isClosing || !payload.isRunning() || !isCurrent(position)) throw new SyncError('aborted', 'batch outdated');
    };
    const alive = async () => {
      requireCurrent();
      await payload.heartbeat();
      requireCurrent();
    };
    try {
      if (fetchedOffset(batch) !== position.expectedOffset) return reposition(position);
      await storeSlices(payload, position, alive);
      if (isCurrent(position)) await commit(payload, position);
    } catch (error) {
      if (error instanceof SyncError && error.kind === 'aborted' && (isClosing || !isCurrent(position))) return;
      throw escaping(error, position);
    }
  }

  async function storeSlices(payload: EachBatchPayload, position: Position, alive: Alive): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = position;
    const messages = batch.messages.map(toMessage);
    // At least once: a batch of control records only has no messages, and moves the offset all the same.
    for (let from = 0; from === 0 || from < messages.length; from += batchMessages) {
      await alive();
      const slice = messages.slice(from, from + batchMessages);
      const isLast = from + batchMessages >= messages.length;
      const lastOffset = isLast ? BigInt(batch.lastOffset()) : (slice.at(-1)?.offset ?? 0n);
      const { expectedOffset } = position;
      const nextOffset = lastOffset + 1n;
      const maxTimestampMs = newestTimestamp(batch, expectedOffset, lastOffset);
      const whole = { topic, partition, expectedOffset, messages: slice, nextOffset, maxTimestampMs };
      const stored = await handler.store(whole, alive);
      // After a seek or a new assignment kafkajs's offsets are not ours to move; the database's were, within its fence.
      if (!isCurrent(position)) return;
      if (stored.kind === 'moved') {
        log.info({ topic, partition, nextOffset: String(stored.nextOffset) }, 'stored offset was another, seeking');
        return seekTo(topic, partition, stored.nextOffset);
      }
      position.expectedOffset = nextOffset;
      payload.resolveOffset(String(lastOffset));
      options.onProgress();
    }
  }

  /** kafkajs read elsewhere than it was told; the handler has to look at the log before anything of it is stored. */
  function reposition({ topic, partition }: Position): void {
    log.warn({ topic, partition }, 'read from an unexpected offset, asking for the position again');
    positions.delete(nameOf({ topic, partition }));
    consumer.pause([{ topic, partitions: [partition] }]);
    void position(topic, partition);
  }

  /** The group's offsets are a copy for tools. Only news of a rebalance matters; any other failure is redone next time. */
  async function commit(payload: EachBatchPayload, { topic, partition, expectedOffset }: Position): Promise<void> {
    const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(expectedOffset) }] }] };
    try {
      await payload.commitOffsetsIfNecessary(offsets);
    } catch (error) {
      if (REBALANCE_TYPES.includes((error as { type?: string }).type ?? '')) throw error;
      log.debug({ topic, partition, err: error }, 'group offset not committed');
    }
  }

  /** kafkajs's own errors pass; of others it kills the consumer for some (TypeError …), so none leaves as it is. */
  function escaping(error: unknown, { topic, partition }: Position): unknown {
    if (error instanceof kafkajs.KafkaJSError) return error;
    log.error({ topic, partition, ...describe(error) }, 'batch failed, reading it again');
    return new Error('batch failed');
  }

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => onJoin(payload.memberAssignment));
  consumer.on(consumer.events.REBALANCING, () => options.onRejoining());
  consumer.on(consumer.events.HEARTBEAT, () => options.onProgress());
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  }).then(async (error) => {
    generation = Symbol('ended');
    positions.clear();
    if (!isClosing) await disconnect(consumer);
    return error;
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => end(payload.error));
  // A crash disconnects first and says why a little later.
  consumer.on(consumer.events.DISCONNECT, () => setTimeout(end, 100, new Error('disconnected')));
  const started = start(consumer, options, onBatch);
  started.catch(end);

  return {
    ended,
    seek(topic, partition, offset) {
      if (!positions.has(nameOf({ topic, partition }))) return;
      try {
        seekTo(topic, partition, offset);
      } catch {
        // It has just crashed; its successor asks the database for the position.
        positions.clear();
      }
    },
    assignment: () => [...positions.values()].map((position) => ({ ...position })),
    rejoin: () => end(REJOIN),
    async close() {
      isClosing = true;
      const closed = (async () => {
        // A join in progress is waited for: only a member that has joined can leave the group.
        await Promise.race([started.catch(() => {}), sleep(JOIN_GRACE_MS, undefined, { ref: false })]);
        isAbandoned = true;
        await disconnect(consumer);
      })();
      await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
      end(undefined);
    },
  };
}

async function start(
  consumer: Consumer,
  options: SessionOptions,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.partitionsConcurrently,
    eachBatch,
  });
}

async function disconnect(consumer: Consumer): Promise<void> {
  await consumer.disconnect().catch(() => {});
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

/** kafkajs's batches carry the offset they were asked from; its types do not say so. */
function fetchedOffset(batch: Batch): bigint {
  return BigInt((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}

/**
 * The newest timestamp between two offsets, inclusive. Control records count: what identifies a log is that nothing
 * below the stored offset is newer than the newest record that was passed.
 */
function newestTimestamp(batch: Batch, from: bigint, to: bigint): number {
  const { rawMessages } = batch as Batch & { readonly rawMessages: readonly KafkaMessage[] };
  return rawMessages.reduce((newest, { offset, timestamp }) => {
    const at = BigInt(offset);
    return at >= from && at <= to ? Math.max(newest, Number(timestamp)) : newest;
  }, 0);
}

function toMessage({ offset, key, value, timestamp, headers = {} }: KafkaMessage): Message {
  return { offset: BigInt(offset), key, value, timestampMs: Number(timestamp), headers };
}

/** Of an unclassified error only name and stack frames: nobody vouches for its message. */
function describe(error: unknown): Record<string, unknown> {
  if (error instanceof SyncError) return { kind: error.kind, reason: error.message };
  const { name, stack } = error instanceof Error ? error : new Error();
  return { name, frames: stack?.split('\n').filter((line) => line.startsWith('    at ')) };
}
