import { decompress as decompressZstd } from 'fzstd';
import kafkajs from 'kafkajs';
import { decompressFrame } from 'lz4-napi';
import snappy from 'snappyjs';

// Node finds only some of kafkajs's exports by name: this CommonJS package spreads the rest into its exports.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** What kafkajs asks of a codec. We only read compressed batches; our own few messages are sent as they are. */
interface Codec {
  compress(): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** Snappy as Java's producers write it: blocks in xerial's framing; one bare block is accepted as well. */
export function decompressSnappy(buffer: Buffer): Buffer {
  if (!buffer.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return snappy.uncompress(buffer);
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < buffer.length; ) {
    const length = buffer.readInt32BE(at);
    blocks.push(snappy.uncompress(buffer.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function readOnly(name: string, decompress: (buffer: Buffer) => Promise<Buffer>): () => Codec {
  const codec: Codec = {
    compress: () => Promise.reject(new Error(`friend-sync does not send ${name}`)),
    decompress,
  };
  return () => codec;
}

/** Lets kafkajs, which knows only gzip, read snappy, lz4 and zstd. Idempotent. */
export function installCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = readOnly('snappy', async (buffer) => decompressSnappy(buffer));
  CompressionCodecs[CompressionTypes.LZ4] = readOnly('lz4', (buffer) => decompressFrame(buffer));
  CompressionCodecs[CompressionTypes.ZSTD] = readOnly('zstd', async (buffer) => {
    const bytes = decompressZstd(buffer);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}
