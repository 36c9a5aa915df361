import { type Configuration, changeTopic } from '@friend-sync/connectors';
import { createDecoder } from '../../infrastructure/kafka/avro.ts';
import type { KafkaClient } from '../../infrastructure/kafka/client.ts';
import { type ChangeConsumer, crashOf, createChangeConsumer } from '../../infrastructure/kafka/consumer.ts';
import type { Health } from '../supervise/health.ts';
import { createIngestHandler, type IngestHandlerParts } from './ingest-handler.ts';

export interface FollowChangesParts extends Omit<IngestHandlerParts, 'decoder' | 'groupId' | 'sources'> {
  readonly configuration: Configuration;
  readonly kafka: KafkaClient;
  readonly health: Health;
}

/** Ingests the change topics of every source once it is started. */
export function followChanges(parts: FollowChangesParts): ChangeConsumer {
  const { configuration, kafka, admin, health, metrics, log } = parts;
  const { settings, mapping } = configuration;
  const { groupId, sessionTimeoutMs, partitions } = settings.kafka;
  const sources = new Map(mapping.sources.map((source) => [changeTopic(settings, source), source]));
  return createChangeConsumer({
    kafka,
    admin,
    groupId,
    sessionTimeoutMs,
    topics: [...sources.keys()],
    partitionsConcurrently: partitions,
    batchMessages: settings.ingest.batchMessages,
    handler: createIngestHandler({ ...parts, decoder: createDecoder(settings.registry), groupId, sources }),
    events: {
      onState(state, detail) {
        health.setState(state);
        if (state === 'crashed') health.report('consumer', crashOf(detail?.error));
        if (state === 'consuming') health.clear('consumer');
        if (state === 'joining') metrics.rebalances.inc();
      },
    },
    log,
  });
}
