import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Consumer, type EachBatchPayload } from 'kafkajs';
import { must, SyncError, toSyncError } from '../../errors.ts';
import { within } from '../../within.ts';
import { fetchedOffset, newestTimestamp, toMessage } from './fetched-batch.ts';
import { GroupOffsets } from './group-offsets.ts';
import type { Alive, AssignedPartition } from './partition-handler.ts';
import type { SessionOptions } from './session-options.ts';

/** Where a partition is read. Replaced, never re-used, by a seek or an assignment: identity tells who is outdated. */
interface Place {
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
/** A batch of which nothing is stored for so long is not waited for any longer by the others. */
const GRACE_MS = 1_000;

/**
 * Connects, joins and consumes. Partitions are paused from the moment of their assignment until the handler has said
 * where to read from: nothing is fetched before, other partitions are not held up, and kafkajs goes on with heartbeats.
 * So are those whose handler waits: kafkajs fetches nothing from a broker until every batch of the last fetch has ended.
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
  const positions = new Map<string, Place>();
  /** What is still being stored of batches that kafkajs no longer waits for; one for a partition at most. */
  const left = new Map<string, Promise<void>>();
  /** What is being stored, of those batches and of all others. */
  const active = new Set<Promise<void>>();
  let generation = Symbol('not joined');
  let groupOffsets: GroupOffsets | undefined;
  let isClosing = false;
  let isAbandoned = false;
  let end: (error: unknown) => void = () => {};

  const disconnect = () => consumer.disconnect().catch(() => {});
  const isCurrent = (position: AssignedPartition) => positions.get(nameOf(position)) === position;

  /** A partition whose batch was left is read on from there once that has ended. */
  function seekTo(topic: string, partition: number, expectedOffset: bigint): void {
    const name = nameOf({ topic, partition });
    positions.set(name, { topic, partition, expectedOffset });
    if (left.has(name)) return;
    try {
      consumer.seek({ topic, partition, offset: String(expectedOffset) });
      consumer.resume([{ topic, partitions: [partition] }]);
    } catch {
      // It has just crashed; its successor asks the database for the position.
      positions.clear();
    }
  }

  /** Runs within kafkajs's join, before its first fetch. */
  function onJoin(memberAssignment: Readonly<Record<string, number[]>>): void {
    // A join that ends after the close would leave a member that nobody stops.
    if (isAbandoned) throw new SyncError('aborted', 'the consumer is closed');
    generation = Symbol('joined');
    positions.clear();
    groupOffsets = new GroupOffsets(log, isCurrent);
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
        // What an assignment before this one has left is over, or soon hears that it is.
        await left.get(nameOf({ topic, partition }));
        const offset = await handler.assigned(topic, partition, alive);
        if (isOutdated()) return;
        seekTo(topic, partition, offset);
        log.info({ topic, partition, offset: String(offset) }, 'partition positioned');
        return;
      } catch (error) {
        if (isOutdated()) return;
        log.error(
          { topic, partition, problem: toSyncError(error).message },
          'partition could not be positioned, trying again',
        );
        await sleep(REPOSITION_MS, undefined, { ref: false });
      }
    }
  }

  async function onBatch(payload: EachBatchPayload): Promise<void> {
    const position = positions.get(nameOf(payload.batch));
    if (!position || left.has(nameOf(position)) || !payload.isRunning() || payload.isStale()) return;
    const storing = storeBatch(payload, position);
    active.add(storing);
    void storing.catch(() => {}).then(() => active.delete(storing));
    if (!(await goesOn(storing, position))) leave(storing, position);
  }

  /** False where it has not ended, and none of it was stored for a while. */
  async function goesOn(storing: Promise<void>, position: Place): Promise<boolean> {
    const ended = storing.then(() => true);
    for (let before: bigint | undefined; before !== position.expectedOffset; ) {
      before = position.expectedOffset;
      if (await within(GRACE_MS, ended)) return true;
    }
    return false;
  }

  /** Lets kafkajs fetch for the other partitions; this one is read on from its position once its batch has ended. */
  function leave(storing: Promise<void>, { topic, partition }: Place): void {
    const name = nameOf({ topic, partition });
    consumer.pause([{ topic, partitions: [partition] }]);
    const readOn = () => {
      left.delete(name);
      const next = positions.get(name);
      if (next && !isClosing) seekTo(topic, partition, next.expectedOffset);
    };
    left.set(name, storing.then(readOn, readOn));
  }

  async function storeBatch(payload: EachBatchPayload, position: Place): Promise<void> {
    const { batch } = payload;
    const requireCurrent = () => {
      if (isClosing || !payload.isRunning() || !isCurrent(position)) throw new SyncError('aborted', 'batch outdated');
    };
    const alive = async () => {
      requireCurrent();
      groupOffsets?.requireGroup();
      await payload.heartbeat();
      requireCurrent();
    };
    try {
      if (fetchedOffset(batch) !== position.expectedOffset) return reposition(position);
      await storeSlices(payload, position, alive);
    } catch (error) {
      if (error instanceof SyncError && error.kind === 'aborted' && (isClosing || !isCurrent(position))) return;
      throw escaping(error, position);
    }
  }

  async function storeSlices(payload: EachBatchPayload, position: Place, alive: Alive): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = position;
    const messages = batch.messages.map(toMessage);
    // At least once: a batch of control records only has no messages, and moves the offset all the same.
    for (let from = 0; from === 0 || from < messages.length; from += batchMessages) {
      await alive();
      const slice = messages.slice(from, from + batchMessages);
      const isLast = from + batchMessages >= messages.length;
      const lastOffset = isLast ? BigInt(batch.lastOffset()) : must(slice.at(-1), 'the last message').offset;
      const { expectedOffset } = position;
      const nextOffset = lastOffset + 1n;
      const maxTimestampMs = newestTimestamp(batch, expectedOffset, lastOffset);
      const waiting = Number(BigInt(batch.highWatermark) - nextOffset);
      const whole = { topic, partition, expectedOffset, messages: slice, nextOffset, maxTimestampMs, waiting };
      const stored = await handler.store(whole, alive);
      // After a seek or a new assignment kafkajs's offsets are not ours to move; the database's were, within its fence.
      if (!isCurrent(position)) return;
      if (stored.kind === 'moved') {
        log.info({ topic, partition, nextOffset: String(stored.nextOffset) }, 'stored offset was another, seeking');
        return seekTo(topic, partition, stored.nextOffset);
      }
      position.expectedOffset = nextOffset;
      payload.resolveOffset(String(lastOffset));
      groupOffsets?.stored(position, payload.commitOffsetsIfNecessary);
      options.onProgress();
    }
  }

  /** kafkajs read elsewhere than it was told; the handler has to look at the log before anything of it is stored. */
  function reposition({ topic, partition }: Place): void {
    log.warn({ topic, partition }, 'read from an unexpected offset, asking for the position again');
    positions.delete(nameOf({ topic, partition }));
    consumer.pause([{ topic, partitions: [partition] }]);
    void position(topic, partition);
  }

  /** kafkajs's own errors pass; of others it kills the consumer for some (TypeError …), so none leaves as it is. */
  function escaping(error: unknown, { topic, partition }: Place): unknown {
    if (error instanceof kafkajs.KafkaJSError) return error;
    log.error({ topic, partition, problem: toSyncError(error).message }, 'batch failed, reading it again');
    return new Error('batch failed');
  }

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => onJoin(payload.memberAssignment));
  consumer.on(consumer.events.REBALANCING, () => {
    // Who reads on need not read again what is stored; the group takes it until the last member has joined again.
    void groupOffsets?.commit();
    options.onRejoining();
  });
  consumer.on(consumer.events.HEARTBEAT, () => options.onProgress());
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  }).then(async (error) => {
    generation = Symbol('ended');
    positions.clear();
    if (!isClosing) await Promise.all([disconnect(), ...left.values()]);
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
      if (positions.has(nameOf({ topic, partition }))) seekTo(topic, partition, offset);
    },
    assignment: () => [...positions.values()].map((position) => ({ ...position })),
    rejoin: () => end(REJOIN),
    async close() {
      isClosing = true;
      const closed = (async () => {
        // A join in progress is waited for: only a member that has joined can leave the group.
        await Promise.race([started.catch(() => {}), sleep(JOIN_GRACE_MS, undefined, { ref: false })]);
        isAbandoned = true;
        await Promise.allSettled(active);
        await groupOffsets?.commit();
        await disconnect();
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

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
