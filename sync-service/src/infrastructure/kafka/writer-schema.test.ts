import { expect, test } from 'vitest';
import { readWriterSchema } from './writer-schema.ts';

/** Columns as the converter writes them. */
const COLUMNS = [
  { name: 'id', type: 'long' },
  { name: 'plain', type: ['null', 'string'], default: null },
  { name: 'small', type: ['null', { type: 'int', 'connect.type': 'int16' }], default: null },
  { name: 'nick', type: [{ type: 'string', 'connect.default': '' }, 'null'], default: '' },
  { name: 'level', type: [{ type: 'int', 'connect.default': 0, 'connect.type': 'int16' }, 'null'], default: 0 },
  { name: 'never_null', type: { type: 'int', 'connect.default': 0 }, default: 0 },
  {
    name: 'sort',
    type: [{ type: 'string', 'connect.default': 'b', 'connect.name': 'io.debezium.data.Enum' }, 'null'],
    default: 'b',
  },
  { name: 'since', type: ['null', { type: 'string', 'connect.name': 'io.debezium.time.IsoDate' }], default: null },
  { name: 'odd', type: ['null', 'string', 'long'], default: null },
];

const FIELDS = new Map([
  ['id', { type: 'long', isNullable: false, byDefault: undefined }],
  ['plain', { type: 'string', isNullable: true, byDefault: undefined }],
  ['small', { type: 'int', isNullable: true, byDefault: undefined }],
  ['nick', { type: 'string', isNullable: true, byDefault: '' }],
  ['level', { type: 'int', isNullable: true, byDefault: 0 }],
  ['never_null', { type: 'int', isNullable: false, byDefault: 0 }],
  ['sort', { type: 'io.debezium.data.Enum', isNullable: true, byDefault: 'b' }],
  ['since', { type: 'io.debezium.time.IsoDate', isNullable: true, byDefault: undefined }],
  ['odd', { type: 'union', isNullable: true, byDefault: undefined }],
]);

const ROW = { type: 'record', name: 'Value', fields: COLUMNS };
const envelope = (...fields: readonly { name: string; type: (string | typeof ROW)[]; default: null }[]) => ({
  type: 'record',
  name: 'Envelope',
  namespace: 'p.db.t',
  fields,
});

test('case 58: what a column is, and what NULL arrives as, with and without a before image', () => {
  const withBefore = envelope(
    { name: 'before', type: ['null', ROW], default: null },
    { name: 'after', type: ['null', 'Value'], default: null },
  );
  const without = envelope({ name: 'after', type: ['null', ROW], default: null });
  for (const schema of [withBefore, without])
    expect(readWriterSchema(7, schema)).toEqual({ id: 7, name: 'p.db.t.Envelope', afterFields: FIELDS });
});

test('what has no row has no columns', () => {
  expect(readWriterSchema(1, 'string')).toEqual({ id: 1, name: '', afterFields: null });
  expect(readWriterSchema(1, envelope())).toMatchObject({ name: 'p.db.t.Envelope', afterFields: null });
});
