import { SyncError } from '../../errors.ts';
import type { MessageBatch } from '../../infrastructure/kafka/partition-handler.ts';
import type { DecodedBatch } from './decode-batch.ts';

/**
 * Half of the last 200 is no accident of single messages, even where another producer's good ones are between them. With
 * fewer looked at, one burst of accidents would halt; with more, more rows would lose what the stream said of them.
 */
const LOOKED_AT = 200;
const TOO_MANY = 100;

/** What came last by a partition, up to an offset: of each message whether it could be decoded. */
interface Lately {
  readonly nextOffset: bigint;
  readonly decodable: readonly boolean[];
}

/** Keeps a systemic fault (another converter, another producer) from turning a whole topic into dead letters. */
export class Undecodable {
  /** By partition. */
  readonly #lately = new Map<string, Lately>();

  /** Throws `contract_broken`, before anything is stored, where too many of the last messages cannot be decoded. */
  require(batch: MessageBatch, decoded: DecodedBatch): void {
    const lately = this.#after(batch, decoded);
    let dead = 0;
    for (const [i, isDecodable] of lately.entries()) {
      if (!isDecodable) dead++;
      if (lately[i - LOOKED_AT] === false) dead--;
      if (dead < TOO_MANY) continue;
      throw new SyncError(
        'contract_broken',
        `${batch.topic}/${batch.partition}: ${TOO_MANY} of the last ${LOOKED_AT} messages cannot be decoded, up to offset ${batch.nextOffset}; the last: ${decoded.letters.at(-1)?.reason}`,
      );
    }
  }

  /** To be told of each batch that was stored. */
  count(batch: MessageBatch, decoded: DecodedBatch): void {
    const decodable = this.#after(batch, decoded).slice(-LOOKED_AT);
    this.#lately.set(nameOf(batch), { nextOffset: batch.nextOffset, decodable });
  }

  /** After an offset that was moved, by an operator or another instance, it begins anew. Tombstones tell nothing: they have no value. */
  #after(batch: MessageBatch, { letters }: DecodedBatch): boolean[] {
    const before = this.#lately.get(nameOf(batch));
    const dead = new Set(letters.map(({ message }) => message.offset));
    const own = batch.messages.filter(({ value }) => value !== null).map(({ offset }) => !dead.has(offset));
    return [...(before?.nextOffset === batch.expectedOffset ? before.decodable : []), ...own];
  }
}

function nameOf({ topic, partition }: MessageBatch): string {
  return `${topic}/${partition}`;
}
