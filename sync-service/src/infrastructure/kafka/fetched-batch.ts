import type { Batch, KafkaMessage } from 'kafkajs';
import type { Message } from './partition-handler.ts';

/** kafkajs's batches carry the offset they were asked from; its types do not say so. */
export function fetchedOffset(batch: Batch): bigint {
  return BigInt((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}

/**
 * The newest timestamp between two offsets, inclusive. Control records count: what identifies a log is that nothing
 * below the stored offset is newer than the newest record that was passed.
 */
export function newestTimestamp(batch: Batch, from: bigint, to: bigint): number {
  const { rawMessages } = batch as Batch & { readonly rawMessages: readonly KafkaMessage[] };
  return rawMessages.reduce((newest, { offset, timestamp }) => {
    const at = BigInt(offset);
    return at >= from && at <= to ? Math.max(newest, Number(timestamp)) : newest;
  }, 0);
}

export function toMessage({ offset, key, value, timestamp, headers = {} }: KafkaMessage): Message {
  return { offset: BigInt(offset), key, value, timestampMs: Number(timestamp), headers };
}
