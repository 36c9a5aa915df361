import avro from 'avsc';

/**
 * Reads every Avro `long` as a bigint. avsc's own type throws beyond 2^53, which each Debezium 3 message is (`ts_ns`).
 * Always bigint, never sometimes a number: equality of keys and values must not depend on their size.
 */
const bigintLong = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.allocUnsafe(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  // avsc carries a field's default through these two, so they are inverses and take the schema's plain numbers.
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => String(value),
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/**
 * avsc's `typeHook` that puts {@link bigintLong} in place. A hook, not avsc's `registry` option: that one is shared
 * between schemas and fails on the second. Logical types keep avsc's own reading.
 */
export function bigintTypeHook(schema: unknown): avro.Type | undefined {
  if (schema === 'long') return bigintLong;
  const { type, logicalType } = schema as { type?: unknown; logicalType?: unknown };
  return type === 'long' && logicalType === undefined ? bigintLong : undefined;
}
