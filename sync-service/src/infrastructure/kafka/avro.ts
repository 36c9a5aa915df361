import type { Settings } from '@friend-sync/connectors';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Type, types } from 'avsc';
import { SyncError } from '../../errors.ts';
import { bigintTypeHook } from './avro-long.ts';

const HEADER_BYTES = 5;
const REQUEST_TIMEOUT_MS = 5_000;
/** How long an id that the registry does not know is not asked for again. */
const UNKNOWN_ID_MS = 1_000;
/** An id that the registry does not know is waited for so long: one of its replicas may not have it yet. */
const UNKNOWN_GRACE_MS = 10_000;

/** What a writer's schema says, known without decoding anything. */
export interface WriterSchema {
  readonly id: number;
  /** Full name of the record, e.g. `prefix.db.table.Envelope`; empty for what is no record. */
  readonly name: string;
  /** Avro types by name of the columns in the envelope's `after`; null for what has no `after`. */
  readonly afterFields: ReadonlyMap<string, string> | null;
}

export interface DecodedRecord {
  readonly schema: WriterSchema;
  /** Decoded by the writer's schema: longs as bigint, ints and doubles as number, bytes as Buffer. */
  readonly value: unknown;
}

export interface Decoder {
  /**
   * Decodes one message in Confluent's layout (0x00, int32 id, Avro). Fails with a SyncError: `message_malformed` if
   * these bytes are at fault, `schema_unavailable` if the registry is (ask again later), `contract_broken` if the
   * schema itself cannot be used. Known ids are decoded without the registry.
   */
  decode(message: Buffer): Promise<DecodedRecord>;
}

type Known = { readonly schema: WriterSchema; readonly type: Type };

/** Creates a decoder with its own cache of schemas; ids are immutable, so nothing is ever asked for twice. */
export function createDecoder(
  settings: Settings['registry'],
  {
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    unknownGraceMs = UNKNOWN_GRACE_MS,
  }: { readonly requestTimeoutMs?: number; readonly unknownGraceMs?: number } = {},
): Decoder {
  const registry = openRegistry(settings, requestTimeoutMs);
  const known = new Map<number, Known>();
  const asked = new Map<number, Promise<Known>>();
  const unknownSince = new Map<number, number>();
  const unknownUntil = new Map<number, number>();
  let lastKnown: number | undefined;

  async function ask(id: number): Promise<Known> {
    if ((unknownUntil.get(id) ?? 0) > Date.now()) throw unknown(id);
    try {
      const type = (await registry.getSchema(id)) as unknown as Type;
      const found = { type, schema: writerSchema(id, type) };
      known.set(id, found);
      lastKnown = id;
      return found;
    } catch (error) {
      if (statusOf(error) !== 404) throw unavailable(id, error);
      // A registry that has lost its storage knows no id at all; then nothing is wrong with the message.
      if (lastKnown === undefined || !(await isStored(lastKnown))) throw unavailable(id, error);
      unknownUntil.set(id, Date.now() + UNKNOWN_ID_MS);
      throw unknown(id, error);
    }
  }

  function unknown(id: number, cause?: unknown): SyncError {
    const since = unknownSince.get(id) ?? Date.now();
    unknownSince.set(id, since);
    const kind = Date.now() - since < unknownGraceMs ? 'schema_unavailable' : 'message_malformed';
    return new SyncError(kind, `the registry does not know schema ${id}`, { cause });
  }

  async function isStored(id: number): Promise<boolean> {
    // The client never asks twice for an id; a new one does.
    return openRegistry(settings, requestTimeoutMs)
      .getSchema(id)
      .then(
        () => true,
        () => false,
      );
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
      const { type, schema } = known.get(id) ?? (await schemaOf(id));
      try {
        return { schema, value: type.fromBuffer(message.subarray(HEADER_BYTES)) };
      } catch (cause) {
        throw new SyncError('message_malformed', `the bytes do not fit schema ${id}`, { cause });
      }
    },
  };
}

function openRegistry(settings: Settings['registry'], timeout: number): SchemaRegistry {
  return new SchemaRegistry(
    {
      host: `${settings.url.replace(/\/+$/, '')}/apis/ccompat/v7`,
      retry: { retries: 0 },
      middlewares: [
        () => ({
          // Without it a registry that accepts and never answers is waited for for ever.
          prepareRequest: async (next) => (await next()).enhance({ timeout }),
        }),
      ],
    },
    { [SchemaType.AVRO]: { typeHook: bigintTypeHook } },
  );
}

function writerSchema(id: number, type: Type): WriterSchema {
  const after = (type as types.RecordType).fields?.find((field) => field.name === 'after')?.type;
  const row = after && recordIn(after);
  return {
    id,
    name: type.name ?? '',
    afterFields: row ? new Map(row.fields.map((field) => [field.name, typeName(field.type)])) : null,
  };
}

function recordIn(type: Type): types.RecordType | undefined {
  const branches = 'types' in type ? (type as types.UnwrappedUnionType).types : [type];
  return branches.find((branch): branch is types.RecordType => branch.typeName === 'record');
}

/** The type of a nullable field without its null; several other branches are none that we know. */
function typeName(type: Type): string {
  if (!('types' in type)) return type.typeName.replace('abstract:', '');
  const branches = (type as types.UnwrappedUnionType).types.filter((branch) => branch.typeName !== 'null');
  return branches.length === 1 && branches[0] ? typeName(branches[0]) : 'union';
}

function statusOf(error: unknown): number | undefined {
  return (error as { status?: number } | null)?.status;
}

/** Everything with an HTTP status is the registry's fault: its client reports even a refused connection as 400. */
function unavailable(id: number, cause: unknown): SyncError {
  if (statusOf(cause) !== undefined) {
    return new SyncError('schema_unavailable', `schema ${id} could not be read from the registry`, { cause });
  }
  return new SyncError('contract_broken', `schema ${id} cannot be used`, { cause });
}
