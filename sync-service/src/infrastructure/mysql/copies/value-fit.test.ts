import { expect, test } from 'vitest';
import { misfit } from './value-fit.ts';

const column = (columnType: string) => ({
  name: 'nick',
  dataType: columnType.split('(')[0] ?? '',
  columnType,
  maxLength: null,
  charset: null,
  collation: null,
  onUpdate: false,
  isGenerated: false,
  rights: [],
});

test.each([
  ['varchar(64)', 'longtext'],
  ['varchar(64)', 'bigint'],
  ['int', 'bigint unsigned'],
  ['decimal(20,0)', 'bigint'],
  ['decimal(12,6)', 'decimal(10,4)'],
  ['text', 'decimal(10,4)'],
  ['binary(16)', 'binary(16)'],
  ['varbinary(8)', 'binary(16)'],
  ['blob', 'longblob'],
  ['date', 'date'],
  ['datetime(6)', 'datetime(3)'],
  ['datetime', 'datetime'],
])('%s takes each value of %s as it is, or refuses it', (target, mirror) => {
  expect(misfit(column(target), mirror)).toBe(undefined);
});

test.each([
  ['decimal(10,2)', 'decimal(10,4)'],
  ['int', 'decimal(10,2)'],
  ['double', 'decimal(10,2)'],
  ['float', 'bigint'],
  ['enum', 'bigint'],
  ['enum', 'varchar(8)'],
  ['set', 'varchar(8)'],
  ['binary(16)', 'varbinary(16)'],
  ['binary(16)', 'binary(8)'],
  ['int', 'varchar(64)'],
  ['date', 'varchar(64)'],
  ['date', 'datetime'],
  ['datetime', 'date'],
  ['datetime(2)', 'datetime(3)'],
  ['timestamp', 'datetime'],
  ['varchar(64)', 'date'],
  ['bigint', 'datetime(6)'],
  ['json', 'longtext'],
  ['varchar(64)', 'varbinary(64)'],
])('case 33, 66: %s would round, pad or rewrite values of %s', (target, mirror) => {
  expect(misfit(column(target), mirror)).toMatch(/make it|give both the same type/);
});
