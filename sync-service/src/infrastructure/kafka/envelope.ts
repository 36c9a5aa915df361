import { avroFullName, fieldName } from '@friend-sync/connectors';
import { Ambiguous, type Change, equalValues, type Key, type Said, type Value } from '../../domain/change.ts';
import { COLUMN_TYPES, type ColumnKind } from '../../domain/column-types.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { DecodedRecord } from './avro.ts';
import { parseMessageKey, toIntegerKey } from './message-key.ts';
import type { WriterField } from './writer-schema.ts';

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
 * offset and never a value: `message_malformed` if this message is wrong. What it does not say of a column for certain is
 * unknown or {@link Ambiguous}, never guessed.
 */
export function toChange(input: EnvelopeInput): Change {
  const { schema, epoch, partition, offset, decoded } = input;
  const where = `${input.topic}, partition ${partition}, offset ${offset}`;
  const envelope = decoded && envelopeOf(decoded, input.topic, where);
  if (input.key === null) throw new SyncError('message_malformed', `${where}: the message has no key`);

  const keyField = fieldName(schema.mapping, schema.mapping.key);
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
  return { ...change, kind: 'row', values: valuesOf(envelope.after, decoded, schema) };
}

function envelopeOf(decoded: DecodedRecord, topic: string, where: string): Envelope {
  const expected = avroFullName(`${topic}.Envelope`);
  if (decoded.schema.name !== expected) {
    throw new SyncError('message_malformed', `${where}: the schema is ${decoded.schema.name}, not ${expected}`);
  }
  const envelope = decoded.value as Envelope;
  if (!['c', 'u', 'r', 'd'].includes(envelope.op as string)) {
    throw new SyncError('message_malformed', `${where}: unknown op`);
  }
  return envelope;
}

function requireSameKey(key: Key, raw: unknown, { keyKind }: SourceSchema, where: string): void {
  const integer = typeof raw === 'number' ? BigInt(raw) : raw;
  const inRow = typeof integer === 'bigint' && keyKind !== 'string' ? toIntegerKey(integer, keyKind) : integer;
  if (inRow !== key) throw new SyncError('message_malformed', `${where}: the key is not that of the row`);
}

/** Aligned with the mapping's columns. */
function valuesOf(
  after: Readonly<Record<string, unknown>>,
  { schema: { afterFields } }: DecodedRecord,
  { mapping, columns }: SourceSchema,
): Said[] {
  return columns.map(({ name: column, kind }) => {
    const name = fieldName(mapping, column);
    const field = afterFields?.get(name);
    return field && sayingOf(after[name], field, kind);
  });
}

function sayingOf(raw: unknown, { type, isNullable, byDefault }: WriterField, kind: ColumnKind): Said {
  const { carriers, said: saidBy, unsaid } = COLUMN_TYPES[kind];
  if (!carriers.includes(type)) return undefined;
  const said = raw === null ? null : saidBy(raw, type);
  const isForNothing = raw === null || isDefault(raw, byDefault ?? (isNullable ? null : unsaid?.sentAs));
  // In the place of NULL, and of what the connector has no word for.
  if (said === undefined || !isForNothing || (!unsaid && (raw === null || !isNullable))) return said;
  const couldBe = said instanceof Ambiguous ? said.couldBe : (value: Value) => equalValues(value, said);
  return new Ambiguous((value) => couldBe(value) || (isNullable && value === null) || unsaid?.is(value) === true);
}

/** Whether a value may be the default of the schema's JSON. Of long numbers the JSON holds the first digits. */
function isDefault(raw: unknown, inJson: unknown): boolean {
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('latin1') === inJson;
  return (typeof raw === 'bigint' ? Number(raw) : raw) === inJson;
}
