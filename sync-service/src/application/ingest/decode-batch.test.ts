import { expect, test } from 'vitest';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { DecodedRecord, Decoder } from '../../infrastructure/kafka/avro.ts';
import type { Message, MessageBatch } from '../../infrastructure/kafka/partition-handler.ts';
import type { WriterSchema } from '../../infrastructure/kafka/writer-schema.ts';
import { decodeBatch } from './decode-batch.ts';
import { Undecodable } from './undecodable.ts';

const schema = {
  mapping: { name: 'account', key: 'id', columns: ['avatar', 'nick'], copies: [] },
  keyKind: 'integer',
  columns: ['avatar', 'nick'].map((name) => ({ name, kind: 'text' })),
} as unknown as SourceSchema;

const writer = (...columns: string[]): WriterSchema => ({
  id: 1,
  name: 'topic.Envelope',
  afterFields: new Map(columns.map((name) => [name, { type: 'string', isNullable: true, byDefault: undefined }])),
});

/** Decodes what the test put in: the text names the nick, `junk` is junk. */
function decoder(of: WriterSchema): Decoder {
  return {
    async decode(message): Promise<DecodedRecord> {
      const nick = String(message);
      if (nick === 'junk') throw new SyncError('message_malformed', 'the bytes are junk');
      return { schema: of, value: { op: 'u', after: { id: 7n, nick, avatar: 'a.png' } } };
    },
  };
}

const message = (offset: bigint, value: string, key: string | null = '{"id":7}'): Message => ({
  offset,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  timestampMs: 1,
  headers: {},
});

const batchOf = (...messages: Message[]): MessageBatch => ({
  topic: 'topic',
  partition: 0,
  expectedOffset: 0n,
  nextOffset: BigInt(messages.length),
  waiting: 0,
  maxTimestampMs: 1,
  messages,
});

const decode = (some: Decoder, ...messages: Message[]) => decodeBatch(some, schema, batchOf(...messages), 1);

test('case 23: junk becomes a dead letter, its key is unknown from there on, the messages around it are decoded', async () => {
  const { changes, letters } = await decode(
    decoder(writer('nick', 'avatar')),
    message(0n, 'one'),
    message(1n, 'junk'),
    message(2n, 'junk', 'no key either'),
    message(3n, 'two', '{"id":7}'),
  );
  expect(letters.map(({ message: { offset } }) => offset)).toEqual([1n, 2n]);
  expect(changes.map(({ position, values }) => [position.offset, values])).toEqual([
    [0n, ['a.png', 'one']],
    [1n, [undefined, undefined]],
    [3n, ['a.png', 'two']],
  ]);
});

test('case 27: a row whose key is not that of its message, and one without a key, are dead letters', async () => {
  const { changes, letters } = await decode(
    decoder(writer('nick', 'avatar')),
    message(0n, 'one', '{"id":8}'),
    message(1n, 'two', null),
  );
  expect(letters).toHaveLength(2);
  expect(changes).toMatchObject([{ key: 8n, values: [undefined, undefined] }]);
});

test('case 27: a column that the message lacks is unknown', async () => {
  const { changes, letters } = await decode(decoder(writer('nick')), message(0n, 'one'));
  expect(changes).toMatchObject([{ values: [undefined, 'one'] }]);
  expect(letters).toEqual([]);
});

test('case 24: what is not the fault of the message fails the batch, and makes no dead letter', async () => {
  const away: Decoder = {
    ...decoder(writer()),
    decode: async () => {
      throw new SyncError('schema_unavailable', 'the registry is away');
    },
  };
  await expect(decode(away, message(0n, 'one'))).rejects.toMatchObject({ kind: 'schema_unavailable' });
});

/** Plays batches into a topic, one after the other: a letter for each message, j for junk. Gives back how many were stored. */
async function storedOf(undecodable: Undecodable, batches: readonly string[], from = 0n): Promise<number> {
  let offset = from;
  for (const [stored, letters] of batches.entries()) {
    const messages = [...letters].map((letter, i) => message(offset + BigInt(i), letter === 'j' ? 'junk' : letter));
    const nextOffset = offset + BigInt(messages.length);
    const batch = { ...batchOf(...messages), expectedOffset: offset, nextOffset };
    const decoded = await decodeBatch(decoder(writer('nick', 'avatar')), schema, batch, 1);
    try {
      undecodable.require(batch, decoded);
    } catch (error) {
      expect(error).toMatchObject({ kind: 'contract_broken' });
      return stored;
    }
    undecodable.count(batch, decoded);
    offset = nextOffset;
  }
  return batches.length;
}

test.each([
  ['junk alone', Array(1_000).fill('j'), 99],
  ['junk alone, many at once', Array(10).fill('j'.repeat(60)), 1],
  ['one good message in each batch', Array(300).fill('jg'), 99],
  ['junk in the middle of a batch', ['g', `${'j'.repeat(100)}${'g'.repeat(400)}`], 1],
  ['less than half of it', Array(300).fill('jgg'), 300],
  ['ninety-nine now and then', Array(9).fill(`${'j'.repeat(99)}${'g'.repeat(101)}`), 9],
])(
  'case 79: a topic halts before it is all dead letters, however its junk is mixed: %s',
  async (_, batches, stored) => {
    expect(await storedOf(new Undecodable(), batches)).toBe(stored);
  },
);

test('case 79: behind an offset that was moved past the junk, it begins anew', async () => {
  const undecodable = new Undecodable();
  expect(await storedOf(undecodable, Array(1_000).fill('j'))).toBe(99);
  expect(await storedOf(undecodable, ['g', 'j', 'g'], 500n)).toBe(3);
});
