import type { Kafka } from 'kafkajs';
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
