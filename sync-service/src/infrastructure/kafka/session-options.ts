import type { Consumer, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { PartitionHandler } from './partition-handler.ts';

/** What a session tells of itself. */
export interface SessionListener {
  onPositioned(partitions: number): void;
  onRejoining(): void;
  onProgress(): void;
}

/** How a member of a group reads. */
export interface SessionOptions extends SessionListener {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** One that does not exist is read once it does. */
  readonly topics: readonly string[];
  readonly partitionsConcurrently: number;
  /** Most messages handed over at once. */
  readonly batchMessages: number;
  readonly handler: PartitionHandler;
  readonly log: Logger;
}

const MAX_WAIT_MS = 500;

/** The kafkajs consumer of one session. */
export function memberOf(options: SessionOptions): Consumer {
  return options.kafka.consumer({
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
}
