import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Consumer, type EachBatchPayload } from 'kafkajs';
import { must, SyncError, toSyncError } from '../../errors.ts';
import { within } from '../../within.ts';
import { fetchedOffset, newestTimestamp, toMessage } from './fetched-batch.ts';
import { GroupOffsets } from './group-offsets.ts';
import type { Alive, AssignedPartition } from './partition-handler.ts';
import { memberOf, type SessionOptions } from './session-options.ts';

/** Where a partition is read. Replaced, never re-used, by a seek or an assignment: identity tells who is outdated. */
interface Place {
  readonly topic: string;
  readonly partition: number;
  /** The next offset, in the database and in kafkajs. */
  expectedOffset: bigint;
}

/** What ends a session that is to be followed by another at once. */
export const REJOIN = Symbol('rejoin');

const JOIN_GRACE_MS = 4_000;
const CLOSE_MS = 5_000;
const REPOSITION_MS = 5_000;
/** A batch of which nothing is stored for so long is not waited for any longer by the others. */
const GRACE_MS = 1_000;

/**
 * One kafkajs consumer, from its first join until it crashes or is closed. Partitions are paused from the moment of their
 * assignment until the handler has said where to read from: nothing is fetched before, other partitions are not held up, and
 * kafkajs goes on with heartbeats. So are those whose handler waits: kafkajs fetches nothing from a broker until every batch of
 * the last fetch has ended.
 */
export class ConsumerSession {
  /** Resolves, never rejects, with what ended it. */
  readonly ended: Promise<unknown>;
  readonly #options: SessionOptions;
  readonly #consumer: Consumer;
  readonly #positions = new Map<string, Place>();
  /** What is still being stored of batches that kafkajs no longer waits for; one for a partition at most. */
  readonly #left = new Map<string, Promise<void>>();
  /** What is being stored, of those batches and of all others. */
  readonly #active = new Set<Promise<void>>();
  readonly #started: Promise<void>;
  readonly #end: (error: unknown) => void;
  #generation = Symbol('not joined');
  #groupOffsets: GroupOffsets | undefined;
  #isClosing = false;
  #isAbandoned = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#consumer = memberOf(options);
    let end: (error: unknown) => void = () => {};
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    this.#end = end;
    this.ended = ended.then((error) => this.#cease(error));
    this.#listen();
    this.#started = this.#start();
    this.#started.catch(this.#end);
  }

  seek(topic: string, partition: number, offset: bigint): void {
    if (this.#positions.has(nameOf({ topic, partition }))) this.#seekTo(topic, partition, offset);
  }

  assignment(): AssignedPartition[] {
    return [...this.#positions.values()].map((position) => ({ ...position }));
  }

  /** Ends it with {@link REJOIN}. */
  rejoin(): void {
    this.#end(REJOIN);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.race([this.#leaveGroup(), sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#end(undefined);
  }

  async #leaveGroup(): Promise<void> {
    // A join in progress is waited for: only a member that has joined can leave the group.
    await Promise.race([this.#started.catch(() => {}), sleep(JOIN_GRACE_MS, undefined, { ref: false })]);
    this.#isAbandoned = true;
    await Promise.allSettled(this.#active);
    await this.#groupOffsets?.commit();
    await this.#disconnect();
  }

  #listen(): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment));
    this.#consumer.on(events.REBALANCING, () => {
      // Who reads on need not read again what is stored; the group takes it until the last member has joined again.
      void this.#groupOffsets?.commit();
      this.#options.onRejoining();
    });
    this.#consumer.on(events.HEARTBEAT, () => this.#options.onProgress());
    this.#consumer.on(events.CRASH, ({ payload }) => this.#end(payload.error));
    // A crash disconnects first and says why a little later.
    this.#consumer.on(events.DISCONNECT, () => setTimeout(this.#end, 100, new Error('disconnected')));
  }

  async #start(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.partitionsConcurrently,
      eachBatch: (payload) => this.#onBatch(payload),
    });
  }

  async #cease(error: unknown): Promise<unknown> {
    this.#generation = Symbol('ended');
    this.#positions.clear();
    if (!this.#isClosing) await Promise.all([this.#disconnect(), ...this.#left.values()]);
    return error;
  }

  #disconnect(): Promise<void> {
    return this.#consumer.disconnect().catch(() => {});
  }

  readonly #isCurrent = (position: AssignedPartition) => this.#positions.get(nameOf(position)) === position;

  /** A partition whose batch was left is read on from there once that has ended. */
  #seekTo(topic: string, partition: number, expectedOffset: bigint): void {
    const name = nameOf({ topic, partition });
    this.#positions.set(name, { topic, partition, expectedOffset });
    if (this.#left.has(name)) return;
    try {
      this.#consumer.seek({ topic, partition, offset: String(expectedOffset) });
      this.#consumer.resume([{ topic, partitions: [partition] }]);
    } catch {
      // It has just crashed; its successor asks the database for the position.
      this.#positions.clear();
    }
  }

  /** Runs within kafkajs's join, before its first fetch. */
  #onJoin(memberAssignment: Readonly<Record<string, number[]>>): void {
    // A join that ends after the close would leave a member that nobody stops.
    if (this.#isAbandoned) throw new SyncError('aborted', 'the consumer is closed');
    this.#generation = Symbol('joined');
    this.#positions.clear();
    this.#groupOffsets = new GroupOffsets(this.#options.log, this.#isCurrent);
    const assigned = Object.entries(memberAssignment).map(([topic, partitions]) => ({ topic, partitions }));
    this.#consumer.pause(assigned);
    if (!this.#isClosing) void this.#positionAll(assigned);
  }

  async #positionAll(assigned: { topic: string; partitions: number[] }[]): Promise<void> {
    const mine = this.#generation;
    const partitions = assigned.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#options.log.info({ partitions: partitions.length }, 'partitions assigned');
    await Promise.all(partitions.map(({ topic, partition }) => this.#position(topic, partition)));
    if (this.#generation === mine && !this.#isClosing) this.#options.onPositioned(partitions.length);
  }

  async #position(topic: string, partition: number): Promise<void> {
    const { handler, log } = this.#options;
    const mine = this.#generation;
    const isOutdated = () => this.#generation !== mine || this.#isClosing;
    const alive = async () => {
      if (isOutdated()) throw new SyncError('aborted', 'the partition is no longer ours');
    };
    while (!isOutdated()) {
      try {
        // What an assignment before this one has left is over, or soon hears that it is.
        await this.#left.get(nameOf({ topic, partition }));
        const offset = await handler.assigned(topic, partition, alive);
        if (isOutdated()) return;
        this.#seekTo(topic, partition, offset);
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

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const position = this.#positions.get(nameOf(payload.batch));
    if (!position || this.#left.has(nameOf(position)) || !payload.isRunning() || payload.isStale()) return;
    const storing = this.#storeBatch(payload, position);
    this.#active.add(storing);
    void storing.catch(() => {}).then(() => this.#active.delete(storing));
    if (!(await this.#goesOn(storing, position))) this.#leave(storing, position);
  }

  /** False where it has not ended, and none of it was stored for a while. */
  async #goesOn(storing: Promise<void>, position: Place): Promise<boolean> {
    const ended = storing.then(() => true);
    for (let before: bigint | undefined; before !== position.expectedOffset; ) {
      before = position.expectedOffset;
      if (await within(GRACE_MS, ended)) return true;
    }
    return false;
  }

  /** Lets kafkajs fetch for the other partitions; this one is read on from its position once its batch has ended. */
  #leave(storing: Promise<void>, { topic, partition }: Place): void {
    const name = nameOf({ topic, partition });
    this.#consumer.pause([{ topic, partitions: [partition] }]);
    const readOn = () => {
      this.#left.delete(name);
      const next = this.#positions.get(name);
      if (next && !this.#isClosing) this.#seekTo(topic, partition, next.expectedOffset);
    };
    this.#left.set(name, storing.then(readOn, readOn));
  }

  async #storeBatch(payload: EachBatchPayload, position: Place): Promise<void> {
    const { batch } = payload;
    const requireCurrent = () => {
      if (this.#isClosing || !payload.isRunning() || !this.#isCurrent(position))
        throw new SyncError('aborted', 'batch outdated');
    };
    const alive = async () => {
      requireCurrent();
      this.#groupOffsets?.requireGroup();
      await payload.heartbeat();
      requireCurrent();
    };
    try {
      if (fetchedOffset(batch) !== position.expectedOffset) return this.#reposition(position);
      await this.#storeSlices(payload, position, alive);
    } catch (error) {
      if (error instanceof SyncError && error.kind === 'aborted' && (this.#isClosing || !this.#isCurrent(position)))
        return;
      throw this.#escaping(error, position);
    }
  }

  async #storeSlices(payload: EachBatchPayload, position: Place, alive: Alive): Promise<void> {
    const { handler, log, batchMessages, onProgress } = this.#options;
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
      if (!this.#isCurrent(position)) return;
      if (stored.kind === 'moved') {
        log.info({ topic, partition, nextOffset: String(stored.nextOffset) }, 'stored offset was another, seeking');
        return this.#seekTo(topic, partition, stored.nextOffset);
      }
      position.expectedOffset = nextOffset;
      payload.resolveOffset(String(lastOffset));
      this.#groupOffsets?.stored(position, payload.commitOffsetsIfNecessary);
      onProgress();
    }
  }

  /** kafkajs read elsewhere than it was told; the handler has to look at the log before anything of it is stored. */
  #reposition({ topic, partition }: Place): void {
    this.#options.log.warn({ topic, partition }, 'read from an unexpected offset, asking for the position again');
    this.#positions.delete(nameOf({ topic, partition }));
    this.#consumer.pause([{ topic, partitions: [partition] }]);
    void this.#position(topic, partition);
  }

  /** kafkajs's own errors pass; of others it kills the consumer for some (TypeError …), so none leaves as it is. */
  #escaping(error: unknown, { topic, partition }: Place): unknown {
    if (error instanceof kafkajs.KafkaJSError) return error;
    this.#options.log.error(
      { topic, partition, problem: toSyncError(error).message },
      'batch failed, reading it again',
    );
    return new Error('batch failed');
  }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
