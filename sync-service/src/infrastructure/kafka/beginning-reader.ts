import type { KafkaMessage } from 'kafkajs';
import { NewMessages, type NewMessagesParts } from './new-messages.ts';

/** What is used of a record of a schema history topic; `snapshot` stands in those that a connector writes as it begins. */
interface HistoryRecord {
  readonly position?: { readonly gtids?: string; readonly snapshot?: unknown };
}

/**
 * Tells where a connector began, by its schema history topic: whenever it starts without a position it writes there what it
 * finds of the tables, with the GTIDs that its server had executed, before it stores a position
 * (`AbstractSnapshotChangeEventSource`, Debezium 3.6.1). So it leaves a trace however short the time without one was.
 */
export class BeginningReader {
  readonly #messages: NewMessages;
  #gtids: string | undefined;

  constructor(parts: NewMessagesParts) {
    this.#messages = new NewMessages(parts);
  }

  /** The GTID set at which it last began; undefined: nothing is written of that. Fails with a SyncError. */
  async read(topic: string): Promise<string | undefined> {
    await this.#messages.show(topic, {
      start: () => {
        this.#gtids = undefined;
      },
      message: (message) => this.#take(message),
    });
    return this.#gtids;
  }

  #take({ value }: KafkaMessage): void {
    const { position } = JSON.parse(String(value)) as HistoryRecord;
    if (position?.snapshot) this.#gtids = position.gtids;
  }
}
