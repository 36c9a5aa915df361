import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Kafka } from 'kafkajs';

/**
 * kafkajs 2.2.4 is the last release of an unmaintained library. Each function here mends one defect that would lose
 * changes, stall a partition or burn a core; they touch its internals, so they are bound to that exact version.
 */
const require = createRequire(import.meta.url);
const PATCHED_VERSION = '2.2.4';
const LOGIN_MS = 10_000;

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
}

interface RawRecord {
  readonly offset: string;
  readonly [field: string]: unknown;
}

interface RecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly maxTimestamp: string;
  readonly records: RawRecord[];
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly socket: Socket;
  readonly authHandlers: { onError(): void } | null;
  rejectRequests(error: Error): void;
  disconnect(): Promise<unknown>;
}

interface Runner {
  readonly running: boolean;
  readonly eachBatch: unknown;
  processEachBatch(batch: unknown): Promise<void>;
  heartbeat(): Promise<void>;
}

/**
 * A queue with nothing to send arms no timer. The original re-arms one with a negative delay for as long as the
 * connection lives: about 7 % of a core for each idle connection.
 */
export function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const waitMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    waitMs > 0 ? waitMs : 10,
  );
}

/**
 * Ends a record batch with a control record at its last offset where compaction has removed the record that was there.
 * Without it kafkajs does not know how far the batch reached: it steps through the hole one offset per fetch, and
 * stays for ever before a batch that compaction has emptied (tulios/kafkajs#1072).
 */
export function withLastOffset<B extends RecordBatch>(batch: B): B {
  const lastOffset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta));
  if (batch.records.at(-1)?.offset === lastOffset) return batch;
  const { records, ...batchContext } = batch;
  const end = {
    magicByte: 2,
    attributes: 0,
    timestamp: batch.maxTimestamp,
    offset: lastOffset,
    key: null,
    value: null,
    headers: {},
    isControlRecord: true,
    batchContext,
  };
  return { ...batch, records: [...records, end] };
}

/**
 * The same Kafka, whose admins are told the end of a log with what open transactions have written. kafkajs lets only
 * consumers choose; its admins are told where the oldest open transaction begins.
 */
export function withOpenTransactions(kafka: Kafka): Kafka {
  const create = Object.getOwnPropertySymbols(kafka).find((name) => name.description === 'private:Kafka:createCluster');
  const createCluster = create && (Reflect.get(kafka, create) as (options: object) => unknown);
  if (!createCluster) throw new Error(`kafkajs ${PATCHED_VERSION} makes its clusters in another way`);
  const { READ_UNCOMMITTED } = require('kafkajs/src/protocol/isolationLevel');
  const value = (options: object) => createCluster({ ...options, isolationLevel: READ_UNCOMMITTED });
  return Object.create(kafka, { [create]: { value } }) as Kafka;
}

/** Loads kafkajs's own modules, replacing what is named above. Idempotent; must run before the first fetch. */
export function patchKafkajs(): void {
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== PATCHED_VERSION) {
    throw new Error(`friend-sync's guards are written for kafkajs ${PATCHED_VERSION}, found ${version}`);
  }
  require('kafkajs/src/network/requestQueue').prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
  require('kafkajs/src/consumer/consumerGroup').prototype.recoverFromOffsetOutOfRange = refuseOffsetOutOfRange;
  deliverControlBatches();
  endRecordBatches();
  giveUpSilentConnections();
}

/**
 * An offset that the log does not hold ends the consumer. The original goes to the start or the end of the log
 * without a word: after retention or a re-created topic, changes would be skipped in silence.
 */
async function refuseOffsetOutOfRange(error: { readonly topic: string; readonly partition: number }): Promise<never> {
  const { KafkaJSNonRetriableError } = require('kafkajs/src/errors');
  throw new KafkaJSNonRetriableError(
    `the log of ${error.topic}, partition ${error.partition} does not hold the offset asked for`,
  );
}

/**
 * Hands batches without messages (control records, aborted transactions) to `eachBatch` as well, so that their offsets
 * are stored like any others. The original resolves them behind the handler's back.
 */
function deliverControlBatches(): void {
  const prototype = require('kafkajs/src/consumer/runner').prototype;
  if (prototype.handleBatch.name === 'handleBatchOrControlBatch') return;
  const handleBatch = prototype.handleBatch;
  prototype.handleBatch = async function handleBatchOrControlBatch(
    this: Runner,
    batch: { isEmptyDueToFiltering(): boolean },
  ): Promise<void> {
    if (!this.running || !this.eachBatch || !batch.isEmptyDueToFiltering()) return handleBatch.call(this, batch);
    await this.processEachBatch(batch);
    await this.heartbeat();
  };
}

/**
 * Closes a connection on which an answer has not come in time. The original keeps it, so that whatever is asked next waits
 * in vain as well; and for the answer to a login it waits for ever.
 */
function giveUpSilentConnections(): void {
  const { prototype } = require('kafkajs/src/network/connection');
  if (prototype.send.name === 'sendOrGiveUp') return;
  const { send, sendAuthRequest } = prototype;
  prototype.send = async function sendOrGiveUp(this: Connection, request: unknown): Promise<unknown> {
    const { socket } = this;
    try {
      return await send.call(this, request);
    } catch (error) {
      if ((error as Error).name === 'KafkaJSRequestTimeoutError' && this.socket === socket) giveUp(this);
      throw error;
    }
  };
  prototype.sendAuthRequest = async function sendOrGiveUp(this: Connection, request: unknown): Promise<unknown> {
    const timer = setTimeout(() => giveUp(this), LOGIN_MS);
    try {
      return await sendAuthRequest.call(this, request);
    } finally {
      clearTimeout(timer);
    }
  };
}

function giveUp(connection: Connection): void {
  const { KafkaJSConnectionClosedError } = require('kafkajs/src/errors');
  const { host, port, socket, authHandlers } = connection;
  socket.destroy();
  authHandlers?.onError();
  connection.rejectRequests(new KafkaJSConnectionClosedError('Closed a silent connection', { host, port }));
  // Half an answer must not become the beginning of another connection's.
  Object.assign(connection, { chunks: [], bytesBuffered: 0, bytesNeeded: 4 });
  void connection.disconnect();
}

function endRecordBatches(): void {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder');
  const decode: { (decoder: unknown): Promise<RecordBatch>; isPatched?: true } = require(path);
  const loaded = require.cache[path];
  if (decode.isPatched || loaded === undefined) return;
  // kafkajs loads its fetch responses on first use; whoever did so already holds the original.
  if (require.cache[require.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages')] !== undefined) {
    throw new Error('kafkajs has fetched before it was patched; create every client with createKafka');
  }
  const patched = async (decoder: unknown) => withLastOffset(await decode(decoder));
  loaded.exports = Object.assign(patched, { isPatched: true });
}
