import { describe, expect, test } from 'vitest';
import type { Value } from './change.ts';
import type { ColumnKind } from './column-types.ts';
import { parseValue } from './source-schema.ts';

describe('a MySQL value', () => {
  test.each<[raw: unknown, kind: ColumnKind, value: Value]>([
    [null, 'integer', null],
    [null, 'text', null],
    [7, 'integer', 7n],
    [-7n, 'integer', -7n],
    ['-9223372036854775808', 'integer', -(2n ** 63n)],
    ['0000000007', 'unsigned', 7n],
    ['18446744073709551615', 'unsigned', 2n ** 64n - 1n],
    ['1.50', 'decimal', '1.50'],
    ['0000001.50', 'decimal', '1.50'],
    ['-0.01', 'decimal', '-0.01'],
    ['-0.00', 'decimal', '0.00'],
    ['00000', 'decimal', '0'],
    ['', 'text', ''],
    ['007 ', 'text', '007 '],
  ])('case 62: %s as %s', (raw, kind, value) => {
    expect(parseValue(raw, kind)).toBe(value);
  });

  test('bytes are what they are', () => {
    expect(parseValue(Buffer.from([0, 255]), 'binary')).toEqual(Buffer.from([0, 255]));
  });

  test.each<[raw: unknown, kind: ColumnKind]>([
    ['a', 'integer'],
    ['', 'integer'],
    [1.5, 'integer'],
    [2 ** 53, 'integer'],
    [-1n, 'unsigned'],
    ['1e3', 'decimal'],
    ['.5', 'decimal'],
    [1.5, 'decimal'],
    [1, 'text'],
    [Buffer.from('a'), 'text'],
    ['a', 'binary'],
  ])('%s is none of kind %s', (raw, kind) => {
    expect(parseValue(raw, kind)).toBe(undefined);
  });
});
