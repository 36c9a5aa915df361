declare module 'snappyjs' {
  const snappy: { uncompress(compressed: Buffer): Buffer; compress(uncompressed: Buffer): Buffer };
  export default snappy;
}
