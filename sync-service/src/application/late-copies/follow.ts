import {
  type Configuration,
  type ConnectClient,
  lateCopiesTopic,
  schemaHistoryTopic,
  storedGtids,
  withSchemaHistory,
} from '@friend-sync/connectors';
import { type ChangeConsumerOptions, crashOf, createChangeConsumer } from '../../infrastructure/kafka/consumer.ts';
import { requestRounds } from '../../infrastructure/mysql/store.ts';
import { countHeartbeats, type Stream } from '../proof/streams.ts';
import { watchConnector } from '../supervise/connector-watch.ts';
import type { Health } from '../supervise/health.ts';
import { watchOffsets } from '../supervise/offset-watch.ts';
import { beginLateCopies, lateCopiesAreBrokenOff } from './beginning.ts';
import { createLateCopiesHandler, type LateCopiesParts } from './handler.ts';

const CONSUMER_PART = 'late-copies consumer';
const CONNECTOR_PART = 'late-copies connector';
/** A message is a few bytes, and a batch waits for the source as a whole. */
const BATCH_MESSAGES = 20_000;
/** Then its position is given up. */
const MOST_RESTARTS = 3;

export interface FollowParts extends Omit<LateCopiesParts, 'topicOf'> {
  readonly configuration: Configuration;
  readonly stream: Stream;
  readonly kafka: ChangeConsumerOptions['kafka'];
  readonly connect: ConnectClient;
  readonly health: Health;
}

/**
 * Follows late copies until it is disposed, as a consumer group of its own: a batch that waits for the source's changes
 * must not hold up those changes.
 */
export async function followLateCopies(parts: FollowParts): Promise<AsyncDisposable> {
  const { configuration, stream, store, admin, connect, health, log } = parts;
  const { settings } = configuration;
  const consumer = createChangeConsumer({
    kafka: parts.kafka,
    admin,
    groupId: `${settings.kafka.groupId}-late-copies`,
    sessionTimeoutMs: settings.kafka.sessionTimeoutMs,
    topics: stream.topics,
    partitionsConcurrently: stream.topics.length,
    batchMessages: BATCH_MESSAGES,
    handler: createLateCopiesHandler({ ...parts, topicOf: (table) => lateCopiesTopic(settings, table) }),
    events: {
      onState(state, detail) {
        if (state === 'crashed') health.report(CONSUMER_PART, crashOf(detail?.error));
        if (state === 'consuming') health.clear(CONSUMER_PART);
      },
    },
    log,
  });
  await consumer.start();
  const watches = [
    watchOffsets(store, consumer, log),
    watchConnector(connect, stream.connectorName, health, log, {
      part: CONNECTOR_PART,
      heartbeats: () => countHeartbeats(admin, stream),
      // While its server is away, no restart can help, nor tells that it was to be given up.
      beforeRestart: async () => void (await store.database.rows('asking whether it answers', 'SELECT 1')),
      onRecovered: () => patrolOnceItStreams(parts),
      hopeless: {
        restarts: MOST_RESTARTS,
        act: () => giveUpPosition(parts),
        wasBrokenOff: () => lateCopiesAreBrokenOff(store),
      },
    }),
  ];
  return {
    async [Symbol.asyncDispose]() {
      // At once: each takes seconds where Kafka does not answer.
      await Promise.all([...watches.map(async (watch) => watch[Symbol.asyncDispose]()), consumer.stop()]);
    },
  };
}

/** It may have been created anew, or have lost its position: what it has not seen, a round of the patrol finds. */
async function patrolOnceItStreams({ connect, stream, store }: FollowParts): Promise<void> {
  if (storedGtids(await connect.offsets(stream.connectorName)) === undefined)
    throw new Error('it has not stored a position yet');
  await requestRounds(store, store.database);
}

/** The binary logs it was to read may be gone. It need not see what the patrol will, so it begins at the present. */
async function giveUpPosition({
  configuration,
  admin,
  connect,
  stream,
  store,
  log,
  signal,
}: FollowParts): Promise<void> {
  const name = stream.connectorName;
  // While its server is away, Connect takes no configuration, and the connector would be left stopped.
  await store.database.rows('asking whether it answers', 'SELECT 1');
  const config = await connect.config(name);
  if (!config) return;
  log.warn({ connector: name }, 'it does not run from where it was; it begins at the present, and a patrol follows');
  const { settings } = configuration;
  const histories = schemaHistoryTopic(settings.lateCopies.topicPrefix);
  const connector = withSchemaHistory({ name, config, source: undefined }, histories, store.mark);
  const onStep = (step: string) => log.debug({ connector: name, step }, 'beginning anew');
  await beginLateCopies({ settings, admin, connect, store }, connector, onStep, signal);
}
