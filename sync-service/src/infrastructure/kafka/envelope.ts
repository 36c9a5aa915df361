import type { Change, Key, Value } from '../../domain/change.ts';
import type { ColumnKind, SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { DecodedRecord } from './avro.ts';
import { avroFieldName, avroFullName } from './avro-names.ts';
import { parseMessageKey, toIntegerKey } from './message-key.ts';

/** A message of a change topic with its value decoded; `decoded` is null for a tombstone. */
export interface EnvelopeInput {
  readonly schema: SourceSchema;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly epoch: number;
  readonly key: Buffer | null;
  readonly decoded: DecodedRecord | null;
}

interface Envelope {
  readonly op: unknown;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly source?: { readonly ts_ms?: unknown; readonly gtid?: unknown } | null;
}

/**
 * What a message of a source's topic says about its row. Pure. Fails with a SyncError that names topic, partition and
 * offset and never a value: `message_malformed` if this message is wrong, `contract_broken` if its schema is not what
 * the mapping's columns need, `history_lost` if the table was truncated.
 */
export function toChange(input: EnvelopeInput): Change {
  const { schema, epoch, partition, offset, decoded } = input;
  const where = `${input.topic}, partition ${partition}, offset ${offset}`;
  const envelope = decoded && envelopeOf(decoded, input.topic, where);
  if (envelope?.op === 't') throw truncated(schema, where);
  if (input.key === null) throw new SyncError('message_malformed', `${where}: the message has no key`);

  const keyField = avroFieldName(schema.mapping.key);
  const key = parseMessageKey(input.key, keyField, schema.keyKind, where);
  const change = {
    source: schema.mapping.name,
    key,
    position: { epoch, partition, offset },
    gtid: typeof envelope?.source?.gtid === 'string' ? envelope.source.gtid : null,
    committedAtMs: typeof envelope?.source?.ts_ms === 'bigint' ? Number(envelope.source.ts_ms) : null,
  };
  // A tombstone alone says that the row is gone: compaction may have removed the delete before it.
  if (!decoded || !envelope || envelope.op === 'd') return { ...change, kind: 'delete', values: [] };
  if (!envelope.after) throw new SyncError('message_malformed', `${where}: op ${envelope.op} without after`);
  requireSameKey(key, envelope.after[keyField], schema, where);
  return { ...change, kind: 'row', values: valuesOf(envelope.after, decoded, schema, where) };
}

/** Only a topic that is not compacted takes such a message; to the copies it means the same as one that is refused. */
function truncated({ mapping: { table } }: SourceSchema, where: string): SyncError {
  const name = `${table.database}.${table.table}`;
  return new SyncError('history_lost', `${where}: ${name} was truncated; its copies are left as they are`);
}

function envelopeOf(decoded: DecodedRecord, topic: string, where: string): Envelope {
  const expected = avroFullName(`${topic}.Envelope`);
  if (decoded.schema.name !== expected) {
    throw new SyncError('message_malformed', `${where}: the schema is ${decoded.schema.name}, not ${expected}`);
  }
  const envelope = decoded.value as Envelope;
  if (!['c', 'u', 'r', 'd', 't'].includes(envelope.op as string)) {
    throw new SyncError('message_malformed', `${where}: unknown op`);
  }
  return envelope;
}

function requireSameKey(key: Key, raw: unknown, { keyKind }: SourceSchema, where: string): void {
  const integer = typeof raw === 'number' ? BigInt(raw) : raw;
  const inRow = typeof integer === 'bigint' && keyKind !== 'string' ? toIntegerKey(integer, keyKind) : integer;
  if (inRow !== key) throw new SyncError('message_malformed', `${where}: the key is not that of the row`);
}

/** Aligned with the mapping's columns; undefined where the writer's schema has no such column. */
function valuesOf(
  after: Readonly<Record<string, unknown>>,
  { schema: writerSchema }: DecodedRecord,
  { mapping, columnKinds }: SourceSchema,
  where: string,
): (Value | undefined)[] {
  return mapping.columns.map((column, i) => {
    const field = avroFieldName(column);
    const avroType = writerSchema.afterFields?.get(field);
    const kind = columnKinds[i];
    if (avroType === undefined || kind === undefined) return undefined;
    const raw = after[field];
    const value = raw === null ? null : toValue(raw, avroType, kind);
    if (value === undefined) {
      throw new SyncError('contract_broken', `${where}: column ${column} (${kind}) arrives as Avro ${avroType}`);
    }
    return value;
  });
}

/**
 * A value in the domain's form; undefined where the Avro type does not carry this kind of column. Strict, so that a
 * date that arrives as a number of days is never copied as that number.
 */
function toValue(raw: unknown, avroType: string, kind: ColumnKind): Value | undefined {
  switch (kind) {
    case 'integer':
    case 'unsigned':
      if (typeof raw === 'boolean') return raw ? 1n : 0n;
      if (typeof raw === 'number' && avroType === 'int') return BigInt(raw);
      return typeof raw === 'bigint' ? toIntegerKey(raw, kind) : undefined;
    case 'decimal':
      return typeof raw === 'number' && avroType !== 'int' ? String(raw) : asString(raw);
    case 'text':
      return asString(raw);
    case 'binary':
      return raw instanceof Uint8Array ? raw : undefined;
  }
}

function asString(raw: unknown): string | undefined {
  return typeof raw === 'string' ? raw : undefined;
}
