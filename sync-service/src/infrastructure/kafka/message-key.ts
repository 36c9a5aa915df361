import { parse } from 'lossless-json';
import type { Key } from '../../domain/change.ts';
import type { KeyKind } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';

/** An integer as it travels: unsigned BIGINT arrives in a signed long, its upper half negative. */
export function toIntegerKey(value: bigint, kind: 'integer' | 'unsigned'): bigint {
  return kind === 'unsigned' ? BigInt.asUintN(64, value) : value;
}

/**
 * Reads a message key: schema-less JSON with the key column only, `{"id":123}`. Exact beyond 2^53. `where` begins the
 * message of the SyncError (`message_malformed`) that anything else causes.
 */
export function parseMessageKey(bytes: Buffer, field: string, kind: KeyKind, where: string): Key {
  const value = fieldOf(bytes, field);
  if (kind === 'string') {
    if (typeof value === 'string') return value;
  } else if (typeof value === 'bigint') {
    return toIntegerKey(value, kind);
  }
  throw new SyncError('message_malformed', `${where}: the key is not JSON with one ${kind} field ${field}`);
}

function fieldOf(bytes: Buffer, field: string): unknown {
  const fields = parseFields(bytes);
  return fields && Object.hasOwn(fields, field) ? fields[field] : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The fields of schema-less JSON, integers exact; undefined for anything else. The parser's own error is dropped: it quotes the text. */
function parseFields(bytes: Buffer): Fields | undefined {
  try {
    return toFields(parse(bytes.toString('utf8'), null, toNumber));
  } catch {
    return undefined;
  }
}

/** The row as a change left it, of an envelope that is schema-less JSON; undefined for anything else. */
export function parseRow(envelope: Buffer): Fields | undefined {
  return toFields(parseFields(envelope)?.after);
}

const toFields = (value: unknown) => (value !== null && typeof value === 'object' ? (value as Fields) : undefined);

const toNumber = (text: string) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));
