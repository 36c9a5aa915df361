import { expect, test } from 'vitest';
import { changedColumns, type ShapeColumn, type TableShape } from './table-shape.ts';

const column = (name: string, more: Partial<ShapeColumn> = {}): ShapeColumn => ({
  name,
  dataType: 'varchar',
  columnType: 'varchar(60)',
  maxLength: 60,
  charset: 'utf8mb4',
  collation: 'utf8mb4_0900_ai_ci',
  isNullable: true,
  defaultValue: null,
  extra: '',
  isPrimary: false,
  isReadable: true,
  ...more,
});
const shape = (...columns: ShapeColumn[]): TableShape => ({ name: 'd.t', kind: 'BASE TABLE', createdAt: '', columns });

test.each([
  ['nothing', [column('a'), column('b')], []],
  ['a right', [column('a', { isReadable: false }), column('b')], []],
  ['a default', [column('a', { defaultValue: '' }), column('b')], ['a']],
  ['a charset', [column('a'), column('b', { charset: 'gbk' })], ['b']],
  ['a name', [column('c'), column('b')], ['a', 'c']],
  ['the order', [column('b'), column('a')], ['a', 'b']],
  ['a column more', [column('a'), column('c'), column('b')], ['b', 'c']],
  ['a column less', [column('b')], ['a', 'b']],
  ['the primary key', [column('a', { isPrimary: true }), column('b')], ['a']],
])('what is another than before, where it is %s', (_, columns, changed) => {
  expect(changedColumns(shape(column('a'), column('b')), shape(...columns))).toEqual(changed);
});
