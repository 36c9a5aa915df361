import type { EachBatchPayload, OffsetsByTopicPartition } from 'kafkajs';
import type { Logger } from 'pino';
import type { AssignedPartition } from './partition-handler.ts';

type Commit = EachBatchPayload['commitOffsetsIfNecessary'];

/** A rewind by a standard tool is seen by the group standing behind: what a crash leaves behind looks the same, and should be little. */
const COMMIT_EVERY_MS = 200;
/** What tells that the group has moved on; kafkajs must see it to join again. */
const REBALANCE_TYPES = [
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
];

/**
 * The group's offsets, which are a copy for tools. No batch waits for them: they are committed a few times a second, those of all
 * partitions in one request; what fails is committed later.
 */
export class GroupOffsets {
  readonly #log: Logger;
  readonly #isCurrent: (partition: AssignedPartition) => boolean;
  readonly #stored = new Set<AssignedPartition>();
  #commit: Commit | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rebalance: unknown;

  /** `isCurrent`: whether a partition is still read from where it was said to be. Of others nothing is committed. */
  constructor(log: Logger, isCurrent: (partition: AssignedPartition) => boolean) {
    this.#log = log;
    this.#isCurrent = isCurrent;
  }

  /** The database has this partition's offset: it is to be committed, by what kafkajs gave with its batch. */
  stored(partition: AssignedPartition, commit: Commit): void {
    this.#commit = commit;
    this.#stored.add(partition);
    this.#timer ??= this.#later();
  }

  /** Throws what the group has answered if it has moved on. */
  requireGroup(): void {
    if (this.#rebalance !== undefined) throw this.#rebalance;
  }

  /** Commits what is stored and not committed yet. Never throws. */
  async commit(): Promise<void> {
    const partitions = [...this.#stored].filter(this.#isCurrent);
    this.#stored.clear();
    try {
      if (partitions.length > 0) await this.#commit?.(asOffsets(partitions));
      this.#rebalance = undefined;
    } catch (error) {
      if (REBALANCE_TYPES.includes((error as { type?: string }).type ?? '')) this.#rebalance = error;
      for (const partition of partitions) this.#stored.add(partition);
      this.#log.debug({ err: error }, 'group offsets not committed');
    }
    this.#timer = this.#stored.size > 0 ? this.#later() : undefined;
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.commit(), COMMIT_EVERY_MS).unref();
  }
}

function asOffsets(partitions: readonly AssignedPartition[]): OffsetsByTopicPartition {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const offsetsOf = (name: string) =>
    partitions
      .filter(({ topic }) => topic === name)
      .map(({ partition, expectedOffset }) => ({ partition, offset: String(expectedOffset) }));
  return { topics: topics.map((topic) => ({ topic, partitions: offsetsOf(topic) })) };
}
