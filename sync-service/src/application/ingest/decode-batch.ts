import type { Change } from '../../domain/change.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { DecodedRecord, Decoder } from '../../infrastructure/kafka/avro.ts';
import { avroFieldName } from '../../infrastructure/kafka/avro-names.ts';
import type { Message, MessageBatch } from '../../infrastructure/kafka/consumer.ts';
import type { DeadLetter } from '../../infrastructure/kafka/dead-letter.ts';
import { toChange } from '../../infrastructure/kafka/envelope.ts';
import { parseMessageKey } from '../../infrastructure/kafka/message-key.ts';

export interface DecodedBatch {
  readonly changes: readonly Change[];
  readonly letters: readonly DeadLetter[];
  /** Messages that are right and say nothing about one row, by reason. */
  readonly ignored: readonly string[];
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
  const [changes, letters, ignored]: [Change[], DeadLetter[], string[]] = [[], [], []];
  const { topic, partition } = batch;
  for (const message of batch.messages) {
    const { offset, key } = message;
    try {
      const decoded = message.value && (await decoder.decode(message.value));
      if (decoded) await requireColumns(decoder, schema, topic, decoded);
      const change = toChange({ schema, topic, partition, offset, epoch, key, decoded });
      if ('ignored' in change) ignored.push(change.ignored);
      else changes.push(change);
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'message_malformed') throw error;
      letters.push({ topic, partition, message, reason: error.message });
      const lost = unknownRow(schema, message, { epoch, partition, offset });
      if (lost) changes.push(lost);
    }
  }
  return { changes, letters, ignored };
}

/**
 * A column that the writer's schema lacks is unknown, if a newer schema has it: the mapping is younger than the message.
 * If the newest lacks it too, the source has lost it, and every change would be.
 */
async function requireColumns(
  decoder: Decoder,
  { mapping }: SourceSchema,
  topic: string,
  { schema }: DecodedRecord,
): Promise<void> {
  const lacking = (fields: ReadonlyMap<string, string>) =>
    mapping.columns.filter((column) => !fields.has(avroFieldName(column)));
  if (!schema.afterFields || lacking(schema.afterFields).length === 0) return;
  const { afterFields } = await decoder.latest(topic);
  const missing = afterFields ? lacking(afterFields) : [];
  if (missing.length > 0)
    throw new SyncError(
      'contract_broken',
      `${topic}: its newest schema lacks ${missing.join(', ')}: dropped or renamed at the source, or not captured`,
    );
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
      key: parseMessageKey(key, avroFieldName(mapping.key), keyKind, ''),
      kind: 'row',
      values: mapping.columns.map(() => undefined),
      position,
      isRead: false,
      committedAtMs: null,
    };
  } catch {
    return undefined;
  }
}
