import type { KafkaMessage } from 'kafkajs';
import type { NewMessagesParts } from '../../sync-service/src/infrastructure/kafka/new-messages.ts';

/** Topics of one partition, as {@link NewMessagesParts} has them: records by topic, and how many were read at each look. */
export class TopicsInMemory implements NewMessagesParts {
  /** A null is a record without a value. */
  readonly topics: Record<string, (object | null)[]> = {};
  readonly reads: number[] = [];
  readonly #writtenMs = new WeakMap<object, number>();
  #nowMs = 0;

  readonly admin: NewMessagesParts['admin'] = {
    partitionOffsets: async (topic) => [{ partition: 0, low: 0n, high: BigInt(this.#records(topic).length) }],
    offsetsAtTimestamp: async (topic, ms) => {
      const records = this.#records(topic);
      const first = records.findIndex((record) => this.#timestampOf(record) >= ms);
      return new Map([[0, BigInt(first < 0 ? records.length : first)]]);
    },
  };

  readonly read: NewMessagesParts['read'] = async (topic, onMessage, from) => {
    const records = this.#records(topic).slice(Number(from));
    this.reads.push(records.length);
    for (const record of records) {
      const value = record && Buffer.from(JSON.stringify(record));
      onMessage({ value, timestamp: String(this.#timestampOf(record)) } as KafkaMessage);
    }
  };

  #records(topic: string): readonly (object | null)[] {
    return this.topics[topic] ?? [];
  }

  /** A record is as old as the first look that meets it. */
  #timestampOf(record: object | null): number {
    if (!record) return 0;
    const known = this.#writtenMs.get(record);
    if (known !== undefined) return known;
    this.#nowMs++;
    this.#writtenMs.set(record, this.#nowMs);
    return this.#nowMs;
  }
}
