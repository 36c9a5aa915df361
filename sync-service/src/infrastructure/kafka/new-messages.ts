import type { Kafka, KafkaMessage } from 'kafkajs';
import { leavable } from '../../leavable.ts';
import type { KafkaAdmin } from './admin.ts';
import { readTopic } from './read-topic.ts';

export interface NewMessagesParts {
  readonly admin: Pick<KafkaAdmin, 'partitionOffsets' | 'offsetsAtTimestamp'>;
  /** Shows a topic's messages from an offset on. */
  readonly read: (topic: string, onMessage: (message: KafkaMessage) => void, from: bigint) => Promise<void>;
}

/** As a cluster has its topics; nobody waits for it once `signal` is aborted. */
export function messagesIn(kafka: Kafka, admin: KafkaAdmin, signal?: AbortSignal): NewMessagesParts {
  const unlessLeft = leavable(signal);
  return { admin, read: (topic, onMessage, from) => unlessLeft(readTopic(kafka, topic, onMessage, from)) };
}

export interface MessageListener {
  /** What was shown before is of another log. */
  start(): void;
  message(message: KafkaMessage): void;
}

/** Follows a topic of one partition: each call shows only what came since the last. Not for two calls at once. */
export class NewMessages {
  readonly #parts: NewMessagesParts;
  #topic = '';
  #next = 0n;
  /** Of what was shown; a log that was created later has nothing that is as old. */
  #newestMs = -1;

  constructor(parts: NewMessagesParts) {
    this.#parts = parts;
  }

  /** Fails with a SyncError where the topic cannot be read. */
  async show(topic: string, listener: MessageListener): Promise<{ isEmpty: boolean; isNew: boolean }> {
    const [log] = await this.#parts.admin.partitionOffsets(topic);
    const end = log?.high ?? 0n;
    if (topic !== this.#topic || end < this.#next || (await this.#isAnother())) {
      this.#topic = topic;
      this.#next = 0n;
      this.#newestMs = -1;
      listener.start();
    }
    const isNew = end > this.#next;
    if (isNew) await this.#parts.read(topic, (message) => this.#take(message, listener), this.#next);
    this.#next = end;
    return { isEmpty: end === 0n, isNew };
  }

  /** Deleted and created again, a log may be as long as before. */
  async #isAnother(): Promise<boolean> {
    if (this.#newestMs < 0) return false;
    const newer = await this.#parts.admin.offsetsAtTimestamp(this.#topic, this.#newestMs + 1);
    return [...newer.values()].some((offset) => offset < this.#next);
  }

  #take(message: KafkaMessage, listener: MessageListener): void {
    this.#newestMs = Math.max(this.#newestMs, Number(message.timestamp));
    // Nothing that Debezium writes; it passes over it, too.
    if (message.value !== null) listener.message(message);
  }
}
