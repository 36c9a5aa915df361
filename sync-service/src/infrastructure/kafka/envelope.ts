import { avroFullName, fieldName, LONGEST_TEXT } from '@friend-sync/connectors';
import { Ambiguous, type Change, equalValues, type Key, type Said, type Value } from '../../domain/change.ts';
import { type ColumnKind, parseValue, type SourceSchema } from '../../domain/source-schema.ts';
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
  { mapping, columnKinds }: SourceSchema,
): Said[] {
  return mapping.columns.map((column, i) => {
    const name = fieldName(mapping, column);
    const field = afterFields?.get(name);
    const kind = columnKinds[i];
    return field && kind && CARRIERS[kind].includes(field.type) ? sayingOf(after[name], field, kind) : undefined;
  });
}

/** What carries the values of a kind of column. Anything else (a date is a number or a text to Avro) has other values. */
const CARRIERS: Readonly<Record<ColumnKind, readonly string[]>> = {
  integer: ['int', 'long', 'boolean'],
  unsigned: ['int', 'long', 'boolean'],
  decimal: ['string'],
  text: ['string', 'io.debezium.data.Enum', 'io.debezium.data.EnumSet'],
  binary: ['bytes'],
};

function sayingOf(raw: unknown, { type, nullAs }: WriterField, kind: ColumnKind): Said {
  const mayBeNull = nullAs !== undefined && isDefault(raw, nullAs);
  // BOOL is TINYINT(1), which has other numbers as well.
  if (raw === true) return new Ambiguous((value) => (value === null ? mayBeNull : value !== 0n));
  const value = parseValue(integral(raw, kind), kind);
  if (value === undefined || isUnsure(value, type)) return undefined;
  return mayBeNull ? new Ambiguous((other) => other === null || equalValues(other, value)) : value;
}

/**
 * Whether a text or bytes may be longer at the source, where the connector cuts them, or a text another: U+FFFD stands for
 * bytes that the connector cannot read, and it takes a backslash in a member of ENUM or SET for two.
 */
function isUnsure(value: Value, type: string): boolean {
  if (value instanceof Uint8Array) return value.length === LONGEST_TEXT;
  if (typeof value !== 'string') return false;
  return value.length === LONGEST_TEXT || value.includes('\ufffd') || (type !== 'string' && value.includes('\\'));
}

function integral(raw: unknown, kind: ColumnKind): unknown {
  if (raw === false) return 0n;
  return typeof raw === 'bigint' && kind === 'unsigned' ? toIntegerKey(raw, kind) : raw;
}

/** Whether a value may be the default of the schema's JSON. Of long numbers the JSON holds the first digits. */
function isDefault(raw: unknown, inJson: unknown): boolean {
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('latin1') === inJson;
  return (typeof raw === 'bigint' ? Number(raw) : raw) === inJson;
}
