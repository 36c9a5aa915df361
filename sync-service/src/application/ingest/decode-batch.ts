import { fieldName } from '@friend-sync/connectors';
import type { Change } from '../../domain/change.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { Decoder } from '../../infrastructure/kafka/avro.ts';
import type { DeadLetter } from '../../infrastructure/kafka/dead-letter.ts';
import { toChange } from '../../infrastructure/kafka/envelope.ts';
import { parseMessageKey } from '../../infrastructure/kafka/message-key.ts';
import type { Message, MessageBatch } from '../../infrastructure/kafka/partition-handler.ts';

export interface DecodedBatch {
  readonly changes: readonly Change[];
  readonly letters: readonly DeadLetter[];
  /** Behind the last message of which not even the key can be read; undefined: there is none. */
  readonly floor: bigint | undefined;
  /** Ids of the schemas that its messages were written by. */
  readonly schemas: ReadonlySet<number>;
}

/**
 * Decodes the messages of one batch. One that cannot be decoded becomes a dead letter; what it said of its key is lost,
 * so that every column of the key is unknown from there on (unknown is not NULL: its copies are left as they are).
 * Whatever is not this message's own fault fails as it is.
 */
export async function decodeBatch(
  decoder: Decoder,
  schema: SourceSchema,
  batch: MessageBatch,
  epoch: number,
): Promise<DecodedBatch> {
  const [changes, letters]: [Change[], DeadLetter[]] = [[], []];
  const schemas = new Set<number>();
  let floor: bigint | undefined;
  const { topic, partition } = batch;
  for (const message of batch.messages) {
    const { offset, key } = message;
    try {
      const decoded = message.value && (await decoder.decode(message.value));
      if (decoded) schemas.add(decoded.schema.id);
      changes.push(toChange({ schema, topic, partition, offset, epoch, key, decoded }));
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'message_malformed') throw error;
      letters.push({ topic, partition, message, reason: error.message });
      const lost = unknownRow(schema, message, { epoch, partition, offset });
      if (lost) changes.push(lost);
      else floor = offset + 1n;
    }
  }
  return { changes, letters, floor, schemas };
}

/** Undefined if not even the key can be read. */
function unknownRow(
  { mapping, keyKind }: SourceSchema,
  { key }: Message,
  position: Change['position'],
): Change | undefined {
  try {
    if (key === null) return undefined;
    return {
      source: mapping.name,
      key: parseMessageKey(key, fieldName(mapping, mapping.key), keyKind, ''),
      kind: 'row',
      values: mapping.columns.map(() => undefined),
      position,
      gtid: null,
      committedAtMs: null,
    };
  } catch {
    return undefined;
  }
}
