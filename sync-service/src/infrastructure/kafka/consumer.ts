import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { leavable } from '../../leavable.ts';
import { within } from '../../within.ts';
import type { KafkaAdmin } from './admin.ts';
import { ConsumerSession, REJOIN } from './consumer-session.ts';
import type { AssignedPartition } from './partition-handler.ts';
import type { SessionListener, SessionOptions } from './session-options.ts';

export type ConsumerState = 'joining' | 'consuming' | 'crashed' | 'stopped';

/** Why a consumer has crashed, as an operator is told. */
export function crashOf(error: unknown): SyncError {
  const { cause } = (error ?? {}) as Error;
  const types = [error, cause].map((one) => (one as { type?: string } | undefined)?.type);
  if (!types.includes('UNKNOWN_TOPIC_OR_PARTITION'))
    return new SyncError('source_unavailable', 'Kafka does not answer');
  return new SyncError(
    'contract_broken',
    'a topic that is to be read does not exist; friend-sync connectors apply creates it',
  );
}

export interface ConsumerEvents {
  /** `consuming`: every partition of this assignment has its position. `crashed`: it is being rebuilt. */
  onState(state: ConsumerState, detail?: { readonly partitions?: number; readonly error?: unknown }): void;
}

/** Reads change topics as a member of a group and hands them to a {@link PartitionHandler}, whatever happens to Kafka. */
export interface ChangeConsumer extends AsyncDisposable {
  /** Resolves once the loop runs, joined or not; it goes on joining until `stop`. */
  start(): Promise<void>;
  /** Stops fetching, lets the transaction in progress end, leaves the group. Takes 5 s at most. */
  stop(): Promise<void>;
  /** Reads on from another offset, which the database already holds. Ignored for a partition that is not ours. */
  seek(topic: string, partition: number, offset: bigint): void;
  /** Leaves the group and joins it again, by what Kafka now says of the topics. */
  rejoin(): void;
  /** The partitions that have their position. */
  assignment(): AssignedPartition[];
  /** When the group last heard from us or a batch was stored, in ms since 1970; 0 before. */
  lastProgressAt(): number;
}

export interface ChangeConsumerOptions extends Omit<SessionOptions, keyof SessionListener> {
  readonly admin: Pick<KafkaAdmin, 'topics'>;
  readonly events: ConsumerEvents;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
/** Topics that do not exist are looked for so often. */
const LOOK_EVERY_MS = 3_000;
/** Kafka that does not say which exist is not waited for any longer: joining shows it as well. */
const LIST_MS = 5_000;

/** Creates a consumer; `start` it. A kafkajs consumer that has crashed is replaced, with back-off, for ever. */
export function createChangeConsumer(options: ChangeConsumerOptions): ChangeConsumer {
  const { admin, topics, events, log } = options;
  const stopping = new AbortController();
  const unlessStopped = leavable(stopping.signal);
  let session: ConsumerSession | undefined;
  let running: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let progressAtMs = 0;

  async function run(): Promise<void> {
    let delayMs = FIRST_DELAY_MS;
    while (!stopping.signal.aborted) {
      events.onState('joining');
      const existing = (await within(LIST_MS, findTopics()).catch(() => undefined)) ?? topics;
      if (stopping.signal.aborted) return;
      const missing = topics.filter((topic) => !existing.includes(topic));
      if (missing.length > 0) log.warn({ missing }, 'topics do not exist; the others are read meanwhile');
      session = new ConsumerSession({
        ...options,
        // kafkajs reads none of them where one is missing, and fails where all are.
        topics: existing.length > 0 ? existing : topics,
        onPositioned: (partitions) => events.onState('consuming', { partitions }),
        onRejoining: () => events.onState('joining'),
        onProgress: () => {
          // Not the join: what crashes right after it, again and again, is to back off.
          delayMs = FIRST_DELAY_MS;
          progressAtMs = Date.now();
        },
      });
      const looking = new AbortController();
      void awaitMore(existing.length, session, looking.signal);
      const error = await session.ended;
      looking.abort();
      if (stopping.signal.aborted) return;
      if (error === REJOIN) continue;
      log.warn({ err: error, delayMs }, 'consumer crashed, building another');
      events.onState('crashed', { error });
      await sleep(delayMs * (0.75 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
    }
  }

  async function findTopics(): Promise<readonly string[]> {
    const found = await unlessStopped(admin.topics());
    return topics.filter((topic) => found.includes(topic));
  }

  /** Has the session end once more topics exist than it reads. */
  async function awaitMore(read: number, session: ConsumerSession, signal: AbortSignal): Promise<void> {
    while (read < topics.length && !signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
      const found = signal.aborted ? [] : await findTopics().catch(() => []);
      if (found.length > read && !signal.aborted) return session.rejoin();
    }
  }

  async function shutDown(): Promise<void> {
    stopping.abort();
    await session?.close();
    await running;
    events.onState('stopped');
  }

  const consumer: ChangeConsumer = {
    async start() {
      running ??= run();
    },
    stop() {
      stopped ??= shutDown();
      return stopped;
    },
    seek: (topic, partition, offset) => session?.seek(topic, partition, offset),
    rejoin: () => session?.rejoin(),
    assignment: () => session?.assignment() ?? [],
    lastProgressAt: () => progressAtMs,
    [Symbol.asyncDispose]: () => consumer.stop(),
  };
  return consumer;
}
