import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../test/property/runs.ts';
import { avroFullName, fieldName, fieldNaming } from './avro-names.ts';

const source = (...columns: string[]) => ({
  name: 's',
  table: { database: 'd', table: 't' },
  key: 'user_id',
  columns,
  copies: [],
  onDelete: { kind: 'keep' as const },
});

/** Recorded from `SchemaNameAdjuster.AVRO_FIELD_NAMER` and `AVRO` of Debezium 3.6.1. */
test.each([
  ['1abc', '_1abc', '_1abc'],
  ['a.b', 'a_b', 'a.b'],
  ['head-img', 'head_img', 'head_img'],
  ['头像', '__', '__'],
  ['é1', '_1', '_1'],
  ['-x', '_x', '_x'],
  ['9', '_9', '_9'],
  ['1my-p.user_db.1t.Envelope', '_1my_p_user_db_1t_Envelope', '_1my_p.user_db.1t.Envelope'],
])('%s is the field %s and the name %s', (name, field, fullName) => {
  expect(fieldName(source(name), name)).toBe(field);
  expect(avroFullName(name)).toBe(fullName);
});

/** Recorded from `SchemaNameAdjuster.AVRO_UNICODE_FIELD_NAMER` of Debezium 3.6.1. */
test('columns that would be one field are written by their codes', () => {
  const columns = ['昵称', '头像', 'nick-name', 'nick_name', 'a1', '360x', 'é', 'ģ4'];
  const fields = ['user_id', ...columns].map((column) => fieldName(source(...columns), column));
  expect(fields).toEqual([
    'user_u005fid',
    '_u6635_u79f0',
    '_u5934_u50cf',
    'nick_u002dname',
    'nick_u005fname',
    'a1',
    '_u003360x',
    '_u00e9',
    '_u1234',
  ]);
});

test.each([
  [['nick_name', '头像'], 'avro'],
  [['nick-name', 'nick_name'], 'avro_unicode'],
  [['昵称', '头像'], 'avro_unicode'],
  // Debezium leaves a digit that Avro does not allow.
  [['３x'], 'avro_unicode'],
  [['昵称', '头像', 'ģ4', 'ሴ'], undefined],
])('%j are fields of their own under %s', (columns, naming) => {
  expect(fieldNaming(source(...columns))).toBe(naming);
});

const unit = fc.integer({ min: 0x20, max: 0xffff }).map((code) => String.fromCharCode(code));

test('case 93: whatever two columns are called, each is a field of its own that Avro allows, or they are refused', () => {
  const name = fc.array(fc.oneof(unit, fc.constantFrom(...'_-1a$ ')), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.uniqueArray(
        name.map((units) => units.join('')),
        { minLength: 2, maxLength: 4 },
      ),
      (columns) => {
        const mapping = source(...columns);
        if (fieldNaming(mapping) === undefined) return;
        const fields = columns.map((column) => fieldName(mapping, column));
        expect(new Set(fields).size).toBe(columns.length);
        for (const field of fields) expect(field).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
      },
    ),
    runs(2_000),
  );
});

test('case 93: every character that MySQL allows may be in a column, at its beginning too', () => {
  for (let code = 0x20; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    for (const column of [character, `a${character}`]) expect(fieldNaming(source(column, `${column}x`))).toBeDefined();
  }
});
