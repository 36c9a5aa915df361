import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patchKafkajs, scheduleCheckPendingRequests, withLastOffset } from './kafkajs-patches.ts';

const require = createRequire(import.meta.url);

test('patching twice is patching once', () => {
  patchKafkajs();
  const { handleBatch } = require('kafkajs/src/consumer/runner').prototype;
  patchKafkajs();
  expect(require('kafkajs/src/consumer/runner').prototype.handleBatch).toBe(handleBatch);
});

describe('the request queue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('an idle queue arms no timer', () => {
    patchKafkajs();
    const RequestQueue = require('kafkajs/src/network/requestQueue');
    const logger = { debug() {}, namespace: () => logger };
    const queue = new RequestQueue({
      maxInFlightRequests: 1,
      requestTimeout: 1_000,
      clientId: 'c',
      broker: 'b',
      logger,
    });
    queue.checkPendingRequests();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a waiting request is checked once, after the throttle', () => {
    const checkPendingRequests = vi.fn();
    const queue = {
      throttleCheckTimeoutId: null,
      throttledUntil: Date.now() + 200,
      pending: [{}],
      checkPendingRequests,
      schedule: scheduleCheckPendingRequests,
    };
    queue.schedule();
    queue.schedule();
    vi.advanceTimersByTime(199);
    expect(checkPendingRequests).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(checkPendingRequests).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the end of a record batch', () => {
  const batch = { firstOffset: '100', lastOffsetDelta: 9, maxTimestamp: '1', records: [] as { offset: string }[] };

  test('a batch emptied by compaction ends in a control record at its last offset', () => {
    const { records } = withLastOffset(batch);
    expect(records).toMatchObject([{ offset: '109', isControlRecord: true }]);
  });

  test('a batch whose last record was compacted away does as well', () => {
    const { records } = withLastOffset({ ...batch, records: [{ offset: '103' }] });
    expect(records).toMatchObject([{ offset: '103' }, { offset: '109', isControlRecord: true }]);
  });

  test('kafkajs’s own fetch response goes through it, so that the consumer knows how far the batch reached', async () => {
    patchKafkajs();
    const Decoder = require('kafkajs/src/protocol/decoder');
    const Batch = require('kafkajs/src/consumer/batch');
    const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages');
    const bytes = Buffer.alloc(4 + 12 + 49);
    bytes.writeInt32BE(12 + 49, 0);
    bytes.writeBigInt64BE(100n, 4);
    bytes.writeInt32BE(49, 12);
    bytes.writeInt8(2, 20);
    bytes.writeInt32BE(9, 27);
    const messages = await decodeMessages(new Decoder(bytes));
    const read = new Batch('t', '105', { partition: 0, highWatermark: '200', abortedTransactions: [], messages });
    expect(read.isEmptyDueToFiltering()).toBe(true);
    expect(read.lastOffset()).toBe('109');
  });

  test('a whole batch is left as it is', () => {
    const whole = { ...batch, records: [{ offset: '109' }] };
    expect(withLastOffset(whole)).toBe(whole);
  });
});

describe('the consumer group', () => {
  test('an offset that the log does not hold is an error, not a reset', async () => {
    patchKafkajs();
    const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup');
    const recovered = ConsumerGroup.prototype.recoverFromOffsetOutOfRange({ topic: 't', partition: 3 });
    await expect(recovered).rejects.toMatchObject({ name: 'KafkaJSNonRetriableError', retriable: false });
  });
});

describe('a connection', () => {
  /** Takes connections and says nothing. */
  async function openSilent() {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket.resume())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    patchKafkajs();
    const Connection = require('kafkajs/src/network/connection');
    const logger = { debug() {}, error() {}, warn() {}, namespace: () => logger };
    const connection = new Connection({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      logger,
      socketFactory: require('kafkajs/src/network/socketFactory')(),
      requestTimeout: 300,
      connectionTimeout: 5_000,
    });
    return {
      accepted,
      connection,
      [Symbol.dispose]() {
        connection.socket?.destroy();
        for (const socket of accepted) socket.destroy();
        server.close();
      },
    };
  }

  test('case 70: that does not answer is given up with all that waits on it; what is asked next has another', async () => {
    using silent = await openSilent();
    const { connection, accepted } = silent;
    const { ApiVersions } = require('kafkajs/src/protocol/requests').requests;
    const protocol = ApiVersions.protocol({ version: 0 })();
    for (const attempt of [1, 2]) {
      await connection.connect();
      const asked = connection.send(protocol);
      const patient = connection.send({ ...protocol, requestTimeout: 3_600_000 });
      await expect(asked).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' });
      await expect(patient).rejects.toMatchObject({ name: 'KafkaJSConnectionClosedError' });
      expect(connection.isConnected()).toBe(false);
      await vi.waitFor(() => expect(accepted.map(({ closed }) => closed)).toEqual(Array(attempt).fill(true)));
    }
  });

  test('case 70: whose login is not answered is given up', async () => {
    using silent = await openSilent();
    const { connection } = silent;
    await connection.connect();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const login = connection.sendAuthRequest({ request: { encode: async () => Buffer.alloc(1) }, response: {} });
    const given = expect(login).rejects.toMatchObject({ name: 'KafkaJSConnectionError' });
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    await given;
    expect(connection.isConnected()).toBe(false);
  });
});
