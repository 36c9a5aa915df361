import { SyncError } from '../../errors.ts';
import type { MessageBatch } from '../../infrastructure/kafka/consumer.ts';
import type { DecodedBatch } from './decode-batch.ts';

/** So many dead letters in a row, with nothing decodable between, are no accident of single messages. */
const MOST_IN_A_ROW = 100;

/** Keeps a systemic fault (another converter, another producer) from turning a whole topic into dead letters. */
export class Undecodable {
  /** Dead letters since the last message that could be decoded, by partition. */
  readonly #inARow = new Map<string, number>();

  /** Throws `contract_broken`, before anything is stored, once too many have come in a row. */
  require(batch: MessageBatch, decoded: DecodedBatch): void {
    if (this.#after(batch, decoded) <= MOST_IN_A_ROW) return;
    throw new SyncError(
      'contract_broken',
      `${batch.topic}/${batch.partition}: more than ${MOST_IN_A_ROW} messages in a row cannot be decoded, up to offset ${batch.nextOffset}; the last: ${decoded.letters.at(-1)?.reason}`,
    );
  }

  /** To be told of each batch that was stored. */
  count(batch: MessageBatch, decoded: DecodedBatch): void {
    this.#inARow.set(nameOf(batch), this.#after(batch, decoded));
  }

  #after(batch: MessageBatch, { letters }: DecodedBatch): number {
    if (batch.messages.length > letters.length) return 0;
    return (this.#inARow.get(nameOf(batch)) ?? 0) + letters.length;
  }
}

function nameOf({ topic, partition }: MessageBatch): string {
  return `${topic}/${partition}`;
}
