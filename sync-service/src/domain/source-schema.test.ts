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
    ['0000-00-00', 'date', '0000-00-00'],
    ['2026-02-31', 'date', '2026-02-31'],
    ['0099-12-31Z', 'date', '0099-12-31'],
    ['2026-11-28 00:00:00.120000', 'datetime', '2026-11-28 00:00:00.12'],
    ['2026-11-28T00:00:00.12Z', 'datetime', '2026-11-28 00:00:00.12'],
    ['2026-11-28 00:00:00.000', 'datetime', '2026-11-28 00:00:00'],
    ['2026-11-20T10:00:00Z', 'datetime', '2026-11-20 10:00:00'],
    ['9999-12-31T23:59:59.999999000Z', 'datetime', '9999-12-31 23:59:59.999999'],
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
    [20_000, 'date'],
    ['2026-11-28 00:00:00', 'date'],
    ['+10000-01-01Z', 'date'],
    ['2026-11-28', 'datetime'],
    ['2026-11-28T00:00:00+08:00', 'datetime'],
    ['2026-11-28T00:00:00.1234567Z', 'datetime'],
  ])('%s is none of kind %s', (raw, kind) => {
    expect(parseValue(raw, kind)).toBe(undefined);
  });
});
