import { registryApi, type Settings } from '@friend-sync/connectors';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Type } from 'avsc';
import { must, SyncError } from '../../errors.ts';
import { bigintTypeHook } from './avro-long.ts';
import { LOGIN_HINT, refusesLogin } from './registry-probe.ts';
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

type Known = { readonly schema: WriterSchema; readonly type: Type } | 'unusable';

/** Creates a decoder with its own cache of schemas; ids are immutable, so nothing is ever asked for twice. */
export function createDecoder(
  settings: Settings['registry'],
  {
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    unknownGraceMs = UNKNOWN_GRACE_MS,
  }: { readonly requestTimeoutMs?: number; readonly unknownGraceMs?: number } = {},
): Decoder {
  const texts = new Map<number, string>();
  const registry = openRegistry(settings, requestTimeoutMs, texts);
  const known = new Map<number, Known>();
  const asked = new Map<number, Promise<Known>>();
  const unknownSince = new Map<number, number>();
  const unknownUntil = new Map<number, number>();
  let lastKnown: number | undefined;

  async function ask(id: number): Promise<Known> {
    if ((unknownUntil.get(id) ?? 0) > performance.now()) throw unknown(id);
    try {
      const type = (await registry.getSchema(id)) as unknown as Type;
      return remember(id, {
        type,
        schema: readWriterSchema(id, JSON.parse(must(texts.get(id), `the text of schema ${id}`))),
      });
    } catch (error) {
      const status = statusOf(error);
      // The registry has a schema of this id, which the library cannot use.
      if (status === undefined && texts.has(id)) return remember(id, 'unusable');
      // A registry that has lost its storage knows no id at all; then nothing is wrong with the message.
      if (status !== 404 || lastKnown === undefined || !(await isStored(lastKnown))) throw unavailable(id, error);
      unknownUntil.set(id, performance.now() + UNKNOWN_ID_MS);
      throw unknown(id);
    }
  }

  function remember(id: number, found: Known): Known {
    known.set(id, found);
    lastKnown = id;
    return found;
  }

  // The client never asks twice for an id; a new one does.
  const isStored = (id: number) =>
    openRegistry(settings, requestTimeoutMs, new Map())
      .getSchema(id)
      .then(
        () => true,
        (error) => statusOf(error) === undefined,
      );

  function unknown(id: number): SyncError {
    const since = unknownSince.get(id) ?? performance.now();
    unknownSince.set(id, since);
    const kind = performance.now() - since < unknownGraceMs ? 'schema_unavailable' : 'message_malformed';
    return new SyncError(kind, `the registry does not know schema ${id}`);
  }

  function schemaOf(id: number): Promise<Known> {
    const pending = asked.get(id) ?? ask(id).finally(() => asked.delete(id));
    asked.set(id, pending);
    return pending;
  }

  return {
    async decode(message) {
      const id = schemaIdOf(message);
      if (id === undefined)
        throw new SyncError('message_malformed', 'the message does not begin with 0x00 and a schema id');
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

/** Of a message in Confluent's layout; undefined: it is in another. */
export function schemaIdOf(message: Buffer): number | undefined {
  return message.length < HEADER_BYTES || message[0] !== 0 ? undefined : message.readInt32BE(1);
}

/** `texts` is given each schema as the registry has it, by its id. */
function openRegistry(settings: Settings['registry'], timeout: number, texts: Map<number, string>): SchemaRegistry {
  return new SchemaRegistry(
    {
      host: registryApi(settings),
      ...(settings.user && { auth: { username: settings.user, password: settings.password.reveal() } }),

      retry: { retries: 0 },
      middlewares: [
        () => ({
          // Without it a registry that accepts and never answers is waited for for ever.
          prepareRequest: async (next) => (await next()).enhance({ timeout }),
          response: async (next) => {
            const response = await next();
            const [, id] =
              response
                .request()
                .path()
                .match(/\/schemas\/ids\/(\d+)$/) ?? [];
            const { schema } = response.data<{ schema?: unknown }>();
            if (id === undefined || typeof schema !== 'string') return response;
            texts.set(Number(id), schema);
            return response.enhance({ rawData: JSON.stringify({ schema: withoutDefaults(schema) }) });
          },
        }),
      ],
    },
    { [SchemaType.AVRO]: { typeHook: bigintTypeHook } },
  );
}

/** A default takes no part in decoding, and that of a column may be more than its own Avro type holds. */
function withoutDefaults(schema: string): string {
  return JSON.stringify(JSON.parse(schema, (key, value) => (key === 'default' ? undefined : value)));
}

function statusOf(error: unknown): number | undefined {
  return (error as { status?: number } | null)?.status;
}

/** Everything with an HTTP status is the registry's fault: its client reports even a refused connection as 400. */
function unavailable(id: number, cause: unknown): SyncError {
  const status = statusOf(cause);
  const why = refusesLogin(status) ? ', which does not take our login' : '';
  return new SyncError('schema_unavailable', `schema ${id} could not be read from the registry${why}`, {
    cause,
    ...(refusesLogin(status) && { hint: LOGIN_HINT }),
  });
}
