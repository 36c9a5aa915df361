import {
  type Configuration,
  type ConnectClient,
  renderSourceConnector,
  topicDefinitions,
} from '@friend-sync/connectors';
import { SyncError } from '../errors.ts';
import type { KafkaAdmin } from '../infrastructure/kafka/admin.ts';

export interface AppliedConnectors {
  readonly topics: readonly { topic: string; outcome: string }[];
  readonly connector: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

/**
 * Brings topics and connector to what the configuration says; repeated, it changes nothing. Topics come first: Connect
 * would create them with the broker's defaults, and a signal topic with more than one partition is never heard. When it
 * returns, everything that the source commits from now on will be sent.
 */
export async function applyConnectors(
  configuration: Configuration,
  admin: KafkaAdmin,
  connect: ConnectClient,
  deadlineMs: number,
): Promise<AppliedConnectors> {
  const { connectorName } = configuration.settings.connect;
  const config = renderSourceConnector(configuration);
  const problems = await connect.validate(config);
  if (problems.length) {
    const list = problems.map(({ key, message }) => `${key}: ${message}`).join('\n');
    throw new SyncError('contract_broken', `Kafka Connect refuses the connector's configuration:\n${list}`);
  }
  const topics = await admin.ensureTopics(topicDefinitions(configuration));
  const differing = topics.filter(({ outcome }) => outcome === 'partitions-differ').map(({ topic }) => topic);
  if (differing.length) {
    throw new SyncError(
      'contract_broken',
      `${differing.join(', ')}: the number of partitions is not the configured one and cannot be changed; correct kafka.partitions, or delete the topic if it is not in use yet`,
    );
  }
  const outcome = await connect.apply(connectorName, config);
  await connect.waitUntilRunning(connectorName, deadlineMs);
  await connect.waitUntilPositioned(connectorName, deadlineMs);
  return { topics, connector: connectorName, outcome };
}
