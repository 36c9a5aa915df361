import type { Settings } from '@friend-sync/connectors';
import avro from 'avsc';
import { SyncError } from '../../errors.ts';
import { bigintTypeHook } from './avro-long.ts';
import { readWriterSchema, type WriterSchema } from './writer-schema.ts';

const HEADER_BYTES = 5;
const REQUEST_TIMEOUT_MS = 5_000;
/** How long an id that the registry does not know is not asked for again. */
const UNKNOWN_ID_MS = 1_000;
/** An id that the registry does not know is waited for so long: one of its replicas may not have it yet. */
const UNKNOWN_GRACE_MS = 10_000;

export interface DecodedRecord {
  readonly schema: WriterSchema;
  /** Decoded by the writer's schema: longs as bigint, ints and doubles as number, bytes as Buffer. */
  readonly value: unknown;
}

export interface Decoder {
  /**
   * Decodes one message in Confluent's layout (0x00, int32 id, Avro). Fails with a SyncError: `message_malformed` if
   * these bytes or their schema are at fault, `schema_unavailable` if the registry is (ask again later). Known ids are
   * decoded without the registry.
   */
  decode(message: Buffer): Promise<DecodedRecord>;
}

type Known = { readonly schema: WriterSchema; readonly type: avro.Type } | 'unusable';

/** Creates a decoder with its own cache of schemas; ids are immutable, so nothing is ever asked for twice. */
export function createDecoder(
  { url }: Settings['registry'],
  {
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    unknownGraceMs = UNKNOWN_GRACE_MS,
  }: { readonly requestTimeoutMs?: number; readonly unknownGraceMs?: number } = {},
): Decoder {
  const known = new Map<number, Known>();
  const asked = new Map<number, Promise<Known>>();
  const unknownSince = new Map<number, number>();
  const unknownUntil = new Map<number, number>();
  let lastKnown: number | undefined;

  async function ask(id: number): Promise<Known> {
    if ((unknownUntil.get(id) ?? 0) > Date.now()) throw unknown(id);
    const text = await fetchSchema(id);
    if (text === undefined) {
      // A registry that has lost its storage knows no id at all; then nothing is wrong with the message.
      if (lastKnown === undefined || !(await isStored(lastKnown))) throw unavailable(id);
      unknownUntil.set(id, Date.now() + UNKNOWN_ID_MS);
      throw unknown(id);
    }
    const found = compile(id, text);
    known.set(id, found);
    lastKnown = id;
    return found;
  }

  /** Undefined where the registry has no such id. */
  async function fetchSchema(id: number): Promise<string | undefined> {
    try {
      const response = await fetch(`${url.replace(/\/+$/, '')}/apis/ccompat/v7/schemas/ids/${id}`, {
        // Without it a registry that accepts and never answers is waited for for ever.
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      if (response.status === 404) return undefined;
      if (!response.ok) throw unavailable(id, new Error(`HTTP ${response.status}`));
      const { schema } = (await response.json()) as { schema?: unknown };
      if (typeof schema !== 'string') throw unavailable(id);
      return schema;
    } catch (cause) {
      throw cause instanceof SyncError ? cause : unavailable(id, cause);
    }
  }

  const isStored = (id: number) =>
    fetchSchema(id).then(
      (text) => text !== undefined,
      () => false,
    );

  function unknown(id: number): SyncError {
    const since = unknownSince.get(id) ?? Date.now();
    unknownSince.set(id, since);
    const kind = Date.now() - since < unknownGraceMs ? 'schema_unavailable' : 'message_malformed';
    return new SyncError(kind, `the registry does not know schema ${id}`);
  }

  function schemaOf(id: number): Promise<Known> {
    const pending = asked.get(id) ?? ask(id).finally(() => asked.delete(id));
    asked.set(id, pending);
    return pending;
  }

  return {
    async decode(message) {
      if (message.length < HEADER_BYTES || message[0] !== 0) {
        throw new SyncError('message_malformed', 'the message does not begin with 0x00 and a schema id');
      }
      const id = message.readInt32BE(1);
      const found = known.get(id) ?? (await schemaOf(id));
      if (found === 'unusable') throw new SyncError('message_malformed', `schema ${id} cannot be used`);
      try {
        return { schema: found.schema, value: found.type.fromBuffer(message.subarray(HEADER_BYTES)) };
      } catch (cause) {
        throw new SyncError('message_malformed', `the bytes do not fit schema ${id}`, { cause });
      }
    },
  };
}

function compile(id: number, text: string): Known {
  try {
    // A default takes no part in decoding, and that of a column may be more than its own Avro type holds.
    const withoutDefaults = JSON.parse(text, (key, value) => (key === 'default' ? undefined : value));
    const type = avro.Type.forSchema(withoutDefaults, { typeHook: bigintTypeHook as never });
    return { schema: readWriterSchema(id, JSON.parse(text)), type };
  } catch {
    return 'unusable';
  }
}

function unavailable(id: number, cause?: unknown): SyncError {
  return new SyncError('schema_unavailable', `schema ${id} could not be read from the registry`, { cause });
}
