import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressFrame } from 'lz4-napi';
import snappy from 'snappyjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { decompressSnappy, installCodecs } from './codecs.ts';

const text = Buffer.from('friend-sync '.repeat(1_000));
/** `text` by zstd 1.5, level 3, with a checksum. */
const ZSTD_BASE64 = 'KLUv/QRYpQAAYGZyaWVuZC1zeW5jIAEA0e58SQK4zCau';
/** `text` by lz4 1.9, independent blocks, as Java's producers write them. */
const LZ4_BASE64 =
  'BCJNGGRAp0QAAADPZnJpZW5kLXN5bmMgDAD/////////////////////////////////////////////////////////////6lBzeW5jIAAAAACoMWzt';

function decompress(type: Exclude<CompressionTypes, CompressionTypes.None>, bytes: Buffer): Promise<Buffer> {
  const codec = CompressionCodecs[type]();
  return codec.decompress(bytes);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

describe('codecs', () => {
  beforeAll(installCodecs);

  test('case 22: snappy in the framing of Java producers, several blocks', async () => {
    const blocks = [text.subarray(0, 5_000), text.subarray(5_000)].map((part) => snappy.compress(part));
    const header = Buffer.concat([Buffer.from([0x82]), Buffer.from('SNAPPY\0'), int32(1), int32(1)]);
    const framed = Buffer.concat([header, ...blocks.flatMap((block) => [int32(block.length), block])]);
    expect((await decompress(CompressionTypes.Snappy, framed)).equals(text)).toBe(true);
  });

  test('snappy as one bare block', () => {
    expect(decompressSnappy(snappy.compress(text)).equals(text)).toBe(true);
  });

  test('case 22: lz4 frames', async () => {
    expect((await decompress(CompressionTypes.LZ4, await compressFrame(text))).equals(text)).toBe(true);
    expect((await decompress(CompressionTypes.LZ4, Buffer.from(LZ4_BASE64, 'base64'))).equals(text)).toBe(true);
  });

  test('case 22: zstd frames', async () => {
    expect((await decompress(CompressionTypes.ZSTD, Buffer.from(ZSTD_BASE64, 'base64'))).equals(text)).toBe(true);
  });
});
