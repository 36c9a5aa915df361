import { expect, test } from 'vitest';
import { differences, misreadsKey } from './picture.ts';
import type { PictureColumn, ShapeColumn, TableShape } from './table-shape.ts';

/** As `information_schema` has a column of this type. */
function column(columnType: string, more: Partial<ShapeColumn> = {}): ShapeColumn {
  const [dataType = ''] = columnType.split(/[( ]/);
  const isText = /char|text|enum|set/.test(dataType);
  return {
    name: 'c',
    dataType,
    columnType,
    maxLength: Number(columnType.match(/\((\d+)\)/)?.[1] ?? 0),
    charset: isText ? 'utf8mb4' : null,
    collation: null,
    isNullable: true,
    defaultValue: null,
    extra: '',
    isPrimary: false,
    isReadable: true,
    ...more,
  };
}

const pictured = (typeName: string, jdbcType: number, more: Partial<PictureColumn> = {}): PictureColumn => ({
  name: 'c',
  typeName,
  jdbcType,
  length: undefined,
  charset: [1, 12, -9, -15].includes(jdbcType) ? 'utf8mb4' : null,
  isNullable: true,
  members: [],
  ...more,
});

const shape = (...columns: ShapeColumn[]): TableShape => ({ name: 'd.t', kind: 'BASE TABLE', createdAt: '', columns });

// As Debezium 3.6.1 pictures them.
test.each([
  ['tinyint(1)', pictured('BOOL', 16)],
  ['tinyint(1)', pictured('BOOLEAN', 16)],
  ['tinyint', pictured('INT1', 5)],
  ['smallint unsigned', pictured('INT2 UNSIGNED', 5)],
  ['mediumint(5) unsigned zerofill', pictured('MIDDLEINT ZEROFILL', 4, { length: 5 })],
  ['int', pictured('INTEGER', 4, { length: 11 })],
  ['bigint', pictured('INT8 SIGNED', -5)],
  ['decimal(10,0)', pictured('DECIMAL', 3, { length: 10 })],
  ['decimal(4,2) unsigned zerofill', pictured('FIXED UNSIGNED ZEROFILL', 3, { length: 4 })],
  ['decimal(5,1)', pictured('NUMERIC', 2, { length: 5 })],
  ['char(1)', pictured('CHAR', 1)],
  ['varchar(6)', pictured('CHARACTER VARYING', 12, { length: 6 })],
  ['varchar(5)', pictured('VARCHAR BINARY', 12, { length: 5 })],
  ['mediumtext', pictured('LONG VARCHAR', 12)],
  ['mediumtext', pictured('TEXT', 12, { length: 100_000 })],
  ['varchar(10)', pictured('VARCHAR', 12, { charset: null })],
  ['binary(1)', pictured('BINARY', -2)],
  ['mediumblob', pictured('LONG VARBINARY', 2004)],
  ["enum('a','b''c')", pictured('ENUM', 1, { length: 1, members: ["'a'", "'b''c'"] })],
  ["set('x','y')", pictured('SET', 1, { charset: 'gbk', members: ["'x'", "'y'"] })],
  ['date', pictured('DATE', 91)],
  ['datetime(6)', pictured('DATETIME', 93, { length: 6 })],
  ['json', pictured('JSON', 1111)],
])('%s is what the connector takes it for: %o', (type, picture) => {
  expect(differences(shape(column(type)), [picture], ['c'])).toEqual([]);
});

test('utf8 is utf8mb3', () => {
  const national = pictured('NATIONAL CHAR VARYING', -9, { charset: 'utf8' });
  expect(differences(shape(column('varchar(3)', { charset: 'utf8mb3' })), [national], ['c'])).toEqual([]);
});

test.each([
  ['int unsigned', pictured('INT', 4), 'int unsigned, the connector reads int'],
  ['bigint', pictured('INT', 4), 'bigint, the connector reads int'],
  ['varbinary(9)', pictured('VARCHAR', 12), 'bytes, the connector reads text in utf8mb4'],
  ['binary(16)', pictured('BINARY', -2, { length: 20 }), 'binary(16), the connector reads binary(20)'],
  ['varbinary(16)', pictured('BINARY', -2, { length: 16 }), 'bytes, the connector reads binary(16)'],
  [
    "enum('b','a')",
    pictured('ENUM', 1, { members: ["'a'", "'b'"] }),
    "enum('b','a'), the connector reads enum('a','b')",
  ],
  ['datetime', pictured('DATE', 91), 'datetime, the connector reads date'],
  ['varchar(9)', pictured('VARCHAR', 12, { charset: 'gbk' }), 'text in utf8mb4, the connector reads text in gbk'],
])('case 87: %s is not what the connector takes it for: %o', (type, picture, found) => {
  expect(differences(shape(column(type)), [picture], ['c'])).toEqual([`column c is ${found}`]);
  expect(differences(shape(column(type)), [picture], ['another'])).toEqual([]);
});

test('a NULL that the connector does not expect is a difference, not the other way round', () => {
  const [nullable, filled] = [column('int'), column('int', { isNullable: false })];
  expect(differences(shape(nullable), [pictured('INT', 4, { isNullable: false })], ['c'])).toHaveLength(1);
  expect(differences(shape(filled), [pictured('INT', 4)], ['c'])).toEqual([]);
});

test('case 85: columns in another order, or of another number, are a difference, used or not', () => {
  const [a, b] = [column('int', { name: 'a' }), column('int', { name: 'b' })];
  const [pa, pb] = [pictured('INT', 4, { name: 'a' }), pictured('INT', 4, { name: 'b' })];
  expect(differences(shape(a, b), [pb, pa], [])).toEqual([
    'column 1 is a, the connector reads b',
    'column 2 is b, the connector reads a',
  ]);
  expect(differences(shape(a, b), [pa], [])).toEqual(['column 2 is b, the connector reads nothing']);
  expect(differences(shape(a), [pa, pb], [])).toEqual(['column 2 is nothing, the connector reads b']);
});

test('a table that the connector does not know', () => {
  expect(differences(shape(column('int')), undefined, [])).toEqual(['the connector does not know the table']);
});

test('case 85: the key is misread where another column has its place in the picture, or its bytes are decoded otherwise', () => {
  const [id, ref, nick] = [column('bigint', { name: 'id' }), column('bigint', { name: 'ref' }), column('text')];
  const [pid, pref, pnick] = [
    pictured('BIGINT', -5, { name: 'id' }),
    pictured('BIGINT', -5, { name: 'ref' }),
    pictured('TEXT', 12),
  ];
  expect(misreadsKey(shape(ref, id, nick), [pid, pref, pnick], 'id')).toBe(true);
  expect(misreadsKey(shape(id, nick, ref), [pid, pref, pnick], 'id')).toBe(false);
  expect(misreadsKey(shape(id), [{ ...pid, typeName: 'BIGINT UNSIGNED' }], 'id')).toBe(true);
  expect(misreadsKey(shape(id), undefined, 'id')).toBe(false);
});
