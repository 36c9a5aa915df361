import { describe, expect, test } from 'vitest';
import type { KeyKind, SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import { type EnvelopeInput, toChange } from './envelope.ts';

const TOPIC = 'my-prefix.user_db.im_user';

function schemaWith(keyKind: KeyKind): SourceSchema {
  return {
    mapping: {
      name: 'user',
      table: { database: 'user_db', table: 'im_user' },
      key: 'id',
      columns: ['avatar', 'head-img', 'level', 'nick', 'price', 'serial'],
      copies: [],
      onDelete: { kind: 'keep' },
    },
    keyKind,
    columnKinds: ['binary', 'text', 'integer', 'text', 'decimal', 'unsigned'],
  };
}

const FIELDS = new Map([
  ['id', 'long'],
  ['avatar', 'bytes'],
  ['head_img', 'string'],
  ['level', 'int'],
  ['nick', 'string'],
  ['price', 'string'],
  ['serial', 'long'],
]);

const after = {
  id: 7n,
  avatar: Buffer.from([0, 255]),
  head_img: '',
  level: 3,
  nick: '👩‍👧',
  price: '1.50',
  serial: -1n,
};

interface Parts {
  readonly key?: string | null;
  readonly op?: string;
  readonly after?: object | null;
  readonly fields?: Map<string, string>;
  readonly name?: string;
  readonly keyKind?: KeyKind;
}

function inputOf(parts: Parts): EnvelopeInput {
  const key = parts.key === undefined ? '{"id":7}' : parts.key;
  return {
    schema: schemaWith(parts.keyKind ?? 'integer'),
    topic: TOPIC,
    partition: 2,
    offset: 41n,
    epoch: 5,
    key: key === null ? null : Buffer.from(key),
    decoded: {
      schema: { id: 1, name: parts.name ?? 'my_prefix.user_db.im_user.Envelope', afterFields: parts.fields ?? FIELDS },
      value: {
        op: parts.op ?? 'u',
        after: parts.after === undefined ? after : parts.after,
        source: { ts_ms: 1_700n, gtid: 'uuid:5' },
      },
    },
  };
}

const tombstone = (key: string | null): EnvelopeInput => ({ ...inputOf({ key }), decoded: null });

describe('a row', () => {
  test.each(['c', 'u', 'r'])('op %s: every value, in the order of the mapping', (op) => {
    expect(toChange(inputOf({ op }))).toEqual({
      source: 'user',
      key: 7n,
      kind: 'row',
      values: [Buffer.from([0, 255]), '', 3n, '👩‍👧', '1.50', 2n ** 64n - 1n],
      position: { epoch: 5, partition: 2, offset: 41n },
      gtid: 'uuid:5',
      committedAtMs: 1_700,
    });
  });

  test('NULL is null, the empty string is itself, a column that the writer lacks is undefined', () => {
    const fields = new Map(FIELDS);
    fields.delete('nick');
    const { nick: _, ...withoutNick } = after;
    const change = toChange(inputOf({ fields, after: { ...withoutNick, level: null, price: null } }));
    expect(change).toMatchObject({ values: [Buffer.from([0, 255]), '', null, undefined, null, 2n ** 64n - 1n] });
  });

  test('booleans are integers, doubles are text', () => {
    const fields = new Map([...FIELDS, ['level', 'boolean'], ['price', 'double']]);
    const change = toChange(inputOf({ fields, after: { ...after, level: true, price: 1.5 } }));
    expect(change).toMatchObject({ values: { 2: 1n, 4: '1.5' } });
  });

  test('a date that arrives as a number is not copied into text', () => {
    const fields = new Map([...FIELDS, ['nick', 'int']]);
    const input = inputOf({ fields, after: { ...after, nick: 20_000 } });
    expect(() => toChange(input)).toThrow(/column nick \(text\) arrives as Avro int/);
  });
});

describe('keys', () => {
  test.each([2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, 0n])('%d is exact', (id) => {
    expect(toChange(inputOf({ key: `{"id":${id}}`, after: { ...after, id } }))).toMatchObject({ key: id });
  });

  test('the upper half of unsigned bigint arrives negative in key and row', () => {
    const id = 2n ** 63n + 1n;
    const input = inputOf({
      keyKind: 'unsigned',
      key: `{"id":${BigInt.asIntN(64, id)}}`,
      after: { ...after, id: BigInt.asIntN(64, id) },
    });
    expect(toChange(input)).toMatchObject({ key: id });
  });

  test.each(['bob', 'Bob', 'bob ', '', '🍣', 'a"b\\c', '123'])('text %j is exact', (id) => {
    const input = inputOf({ keyKind: 'string', key: JSON.stringify({ id }), after: { ...after, id } });
    expect(toChange(input)).toMatchObject({ key: id });
  });

  test('an int key in the row is the same as in the message key', () => {
    expect(toChange(inputOf({ after: { ...after, id: 7 } }))).toMatchObject({ key: 7n });
  });

  test.each<[string, Parts]>([
    ['no key', { key: null }],
    ['no JSON', { key: 'nonsense-secret' }],
    ['empty', { key: '' }],
    ['JSON null', { key: 'null' }],
    ['another field', { key: '{"secret":7}' }],
    ['text for a number', { key: '{"id":"7"}' }],
    ['a fraction', { key: '{"id":7.5}' }],
    ['a number for text', { keyKind: 'string', key: '{"id":7}' }],
    ['NULL', { key: '{"id":null}' }],
    ['inherited', { key: '{}' }],
    ['that of another row', { key: '{"id":8}' }],
    ['equal only when case is ignored', { keyKind: 'string', key: '{"id":"Bob"}', after: { ...after, id: 'bob' } }],
  ])('%s: malformed, naming the place and no value', (_name, parts) => {
    let thrown: unknown;
    try {
      toChange(inputOf(parts));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SyncError);
    expect(thrown).toMatchObject({ kind: 'message_malformed' });
    expect((thrown as SyncError).cause).toBeUndefined();
    expect((thrown as SyncError).message).toContain('my-prefix.user_db.im_user, partition 2, offset 41');
    expect((thrown as SyncError).message).not.toMatch(/secret|bob/i);
  });
});

describe('other messages', () => {
  test('case 25: a delete, with or without its d', () => {
    const gone = { key: 7n, kind: 'delete', values: [] };
    expect(toChange(inputOf({ op: 'd', after: null }))).toMatchObject({ ...gone, committedAtMs: 1_700 });
    expect(toChange(tombstone('{"id":7}'))).toMatchObject({ ...gone, committedAtMs: null });
  });

  test('case 26: a truncate is no change of any row: it halts, naming the table', () => {
    expect(() => toChange(inputOf({ op: 't', key: null, after: null }))).toThrow(
      expect.objectContaining({
        kind: 'history_lost',
        message: expect.stringContaining('user_db.im_user was truncated'),
      }),
    );
  });

  test.each<[string, EnvelopeInput]>([
    ['an unknown op', inputOf({ op: 'x' })],
    ['an update without after', inputOf({ after: null })],
    ['a tombstone without key', tombstone(null)],
    ['the schema of another table', inputOf({ name: 'my_prefix.user_db.im_group.Envelope' })],
  ])('case 26, 27: %s: malformed', (_name, input) => {
    expect(() => toChange(input)).toThrow(expect.objectContaining({ kind: 'message_malformed' }));
  });
});
