import { LONGEST_TEXT } from '@friend-sync/connectors';
import { describe, expect, test } from 'vitest';
import { Ambiguous, type Said, type Value } from '../../domain/change.ts';
import type { KeyKind, SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import { type EnvelopeInput, toChange } from './envelope.ts';
import type { WriterField } from './writer-schema.ts';

const TOPIC = 'my-prefix.user_db.im_user';

function schemaWith(keyKind: KeyKind): SourceSchema {
  return {
    mapping: {
      name: 'user',
      table: { database: 'user_db', table: 'im_user' },
      key: 'id',
      columns: ['avatar', 'head-img', 'level', 'nick', 'price', 'serial', 'born', 'seen'],
      copies: [],
      onDelete: { kind: 'keep' },
    },
    keyKind,
    columns: [
      { name: 'avatar', kind: 'binary' },
      { name: 'head-img', kind: 'text' },
      { name: 'level', kind: 'integer' },
      { name: 'nick', kind: 'text' },
      { name: 'price', kind: 'decimal' },
      { name: 'serial', kind: 'unsigned' },
      { name: 'born', kind: 'date' },
      { name: 'seen', kind: 'datetime' },
    ],
  };
}

const field = (type: string, byDefault?: unknown, isNullable = true): WriterField => ({ type, isNullable, byDefault });

const FIELDS = new Map([
  ['avatar', field('bytes')],
  ['head_img', field('string')],
  ['level', field('int')],
  ['nick', field('string')],
  ['price', field('string')],
  ['serial', field('long')],
  ['born', field('io.debezium.time.IsoDate')],
  ['seen', field('io.debezium.time.IsoTimestamp')],
]);

const after = {
  id: 7n,
  avatar: Buffer.from([0, 255]),
  head_img: '',
  level: 3,
  nick: '👩‍👧',
  price: '1.50',
  serial: -1n,
  born: '2000-02-29Z',
  seen: '2026-11-26T00:00:00.5Z',
};

interface Parts {
  readonly key?: string | null;
  readonly op?: string;
  readonly after?: object | null;
  readonly fields?: Map<string, WriterField>;
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
      values: [Buffer.from([0, 255]), '', 3n, '👩‍👧', '1.50', 2n ** 64n - 1n, '2000-02-29', '2026-11-26 00:00:00.5'],
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
    expect(change).toMatchObject({
      values: [Buffer.from([0, 255]), '', null, undefined, null, 2n ** 64n - 1n, '2000-02-29', '2026-11-26 00:00:00.5'],
    });
  });

  /** What a message with these columns otherwise says of one. */
  function saidOf(column: string, raw: unknown, of: WriterField): Said {
    const fields = new Map([...FIELDS, [column, of]]);
    const { values } = toChange(inputOf({ fields, after: { ...after, [column]: raw } }));
    return values[schemaWith('integer').mapping.columns.indexOf(column)];
  }

  test.each([
    ['a date is a number to Avro', 'level', 20_000, 'io.debezium.time.Date'],
    ['a day is no moment', 'seen', '2026-11-26Z', 'io.debezium.time.IsoTimestamp'],
    ['a moment of another type', 'seen', '2026-11-26T00:00:00Z', 'io.debezium.time.ZonedTimestamp'],
    ['more digits than a datetime has', 'seen', '2026-11-26T00:00:00.1234567Z', 'io.debezium.time.IsoTimestamp'],
    ['a time is a text to Avro', 'nick', '2026-11-26T00:00:00Z', 'io.debezium.time.IsoTimestamp'],
    ['text for a number', 'level', 'a', 'string'],
    ['a number for text', 'nick', 5, 'int'],
    ['a double for a decimal', 'price', 1.5, 'double'],
    ['text for a decimal', 'price', 'a', 'string'],
    ['a decimal in bytes', 'avatar', Buffer.from([1]), 'org.apache.kafka.connect.data.Decimal'],
    ['several types', 'nick', 'a', 'union'],
    ['a text of the length at which texts are cut', 'nick', 'x'.repeat(LONGEST_TEXT), 'string'],
    ['bytes of the length at which they are cut, too', 'avatar', Buffer.alloc(LONGEST_TEXT), 'bytes'],
    ['bytes that the connector cannot read', 'nick', 'a\ufffd', 'string'],
    ['a backslash in a member of an ENUM', 'nick', 'a\\\\b', 'io.debezium.data.Enum'],
  ])('case 87: unknown is %s', (_name, column, raw, type) => {
    expect(saidOf(column, raw, field(type))).toBe(undefined);
  });

  test.each([
    ['a text that is not cut', 'nick', 'x'.repeat(LONGEST_TEXT - 1), 'string'],
    ['a backslash in a text', 'nick', 'a\\b', 'string'],
    ['a member of an ENUM', 'nick', 'a', 'io.debezium.data.Enum'],
    ['members of a SET', 'nick', 'a,b', 'io.debezium.data.EnumSet'],
  ])('known is %s', (_name, column, raw, type) => {
    expect(saidOf(column, raw, field(type))).toBe(raw);
  });

  test.each<[column: string, raw: unknown, nullAs: unknown, value: Value]>([
    ['nick', '', '', ''],
    ['level', 0, 0, 0n],
    ['serial', 2n ** 53n + 1n, 2 ** 53, 2n ** 53n + 1n],
    ['serial', -1n, -1, 2n ** 64n - 1n],
    ['price', '1.50', '1.50', '1.50'],
    ['avatar', Buffer.from([0xe9]), '\u00e9', Buffer.from([0xe9])],
    ['level', false, false, 0n],
  ])('case 58: %s: what NULL arrives as is NULL or itself, and nothing else', (column, raw, nullAs, value) => {
    const type = typeof raw === 'boolean' ? 'boolean' : (FIELDS.get(column)?.type ?? '');
    const said = saidOf(column, raw, field(type, nullAs));
    expect(said).toBeInstanceOf(Ambiguous);
    const { couldBe } = said as Ambiguous;
    expect([null, value, 'other', 7n].map(couldBe)).toEqual([true, true, false, false]);
  });

  const ZEROS = ['0000-00-00', '2026-00-00', '2026-11-00'];
  test.each<[what: string, raw: unknown, byDefault: unknown, isNullable: boolean, couldBe: Value[]]>([
    ['NULL', null, undefined, true, [null, ...ZEROS]],
    ['the default', '2000-01-01Z', '2000-01-01Z', true, [null, '2000-01-01', ...ZEROS]],
    ['the default of a column that is never NULL', '2000-01-01Z', '2000-01-01Z', false, ['2000-01-01', ...ZEROS]],
    ['1970 where a column is never NULL', '1970-01-01Z', undefined, false, ['1970-01-01', ...ZEROS]],
  ])(
    'case 87: %s may be a date of zeros, for which the connector has no word',
    (_, raw, byDefault, isNullable, some) => {
      const said = saidOf('born', raw, field('io.debezium.time.IsoDate', byDefault, isNullable));
      const { couldBe } = said as Ambiguous;
      const values = [null, '1970-01-01', '2000-01-01', '2000-01-02', ...ZEROS];
      expect(values.filter((value) => couldBe(value)).sort()).toEqual(some.sort());
    },
  );

  test('case 87: each other date is known, and 1970 where NULL is sent', () => {
    const of = (raw: string, byDefault?: string) => saidOf('born', raw, field('io.debezium.time.IsoDate', byDefault));
    expect(of('1970-01-01Z')).toBe('1970-01-01');
    expect(of('1000-12-31Z', '2000-01-01Z')).toBe('1000-12-31');
    const at = (raw: string) => saidOf('seen', raw, field('io.debezium.time.IsoTimestamp', undefined, false));
    expect(at('2026-11-26T23:59:59.123450Z')).toBe('2026-11-26 23:59:59.12345');
    expect(at('1970-01-01T00:00:00Z')).toBeInstanceOf(Ambiguous);
  });

  test('case 58: another value than the default is known', () => {
    expect(saidOf('nick', 'x', field('string', ''))).toBe('x');
    expect(saidOf('level', 1, field('int', 0))).toBe(1n);
    expect(saidOf('level', 0, field('int'))).toBe(0n);
  });

  test('case 87: true is any number but zero, false is zero', () => {
    const { couldBe } = saidOf('level', true, field('boolean')) as Ambiguous;
    expect([1n, 2n, -1n, 0n, null].map(couldBe)).toEqual([true, true, true, false, false]);
    expect((saidOf('level', true, field('boolean', true)) as Ambiguous).couldBe(null)).toBe(true);
    expect(saidOf('level', false, field('boolean'))).toBe(0n);
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

  test.each<[string, EnvelopeInput]>([
    ['an unknown op', inputOf({ op: 'x' })],
    ['a truncate', inputOf({ op: 't', key: null, after: null })],
    ['an update without after', inputOf({ after: null })],
    ['a tombstone without key', tombstone(null)],
    ['the schema of another table', inputOf({ name: 'my_prefix.user_db.im_group.Envelope' })],
  ])('case 26, 27: %s: malformed', (_name, input) => {
    expect(() => toChange(input)).toThrow(expect.objectContaining({ kind: 'message_malformed' }));
  });
});
