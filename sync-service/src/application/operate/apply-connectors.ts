import {
  type Configuration,
  type ConnectClient,
  type ConnectorDefinition,
  topicDefinitions,
} from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';

export interface AppliedConnectors {
  readonly topics: readonly { topic: string; outcome: string }[];
  readonly connectors: readonly AppliedConnector[];
}

export interface AppliedConnector {
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

/**
 * Brings topics and connectors to what the configuration says; repeated, it changes nothing. Topics come first: Connect
 * would create them with the broker's defaults, and a signal topic with more than one partition is never heard. When it
 * returns, everything that the servers commit from now on will be sent. The connectors are begun one after another, in
 * the order given.
 */
export async function applyConnectors(
  configuration: Configuration,
  definitions: readonly ConnectorDefinition[],
  admin: KafkaAdmin,
  connect: ConnectClient,
  requestPatrol: () => Promise<void>,
  deadlineMs: number,
): Promise<AppliedConnectors> {
  const problems = await Promise.all(
    definitions.map(async ({ name, config }) =>
      (await connect.validate(config)).map(({ key, message }) => `${name}: ${key}: ${message}`),
    ),
  );
  if (problems.flat().length)
    throw new SyncError('contract_broken', `Kafka Connect refuses the configuration:\n${problems.flat().join('\n')}`);
  const topics = await admin.ensureTopics(topicDefinitions(configuration));
  const differing = topics.filter(({ outcome }) => outcome === 'partitions-differ').map(({ topic }) => topic);
  if (differing.length) {
    throw new SyncError(
      'contract_broken',
      `${differing.join(', ')}: the number of partitions is not the configured one and cannot be changed; correct kafka.partitions, or delete the topic if it is not in use yet`,
    );
  }
  const connectors: AppliedConnector[] = [];
  for (const { name, config } of definitions) {
    const outcome = await connect.apply(name, config);
    await connect.waitUntilRunning(name, deadlineMs);
    await connect.waitUntilPositioned(name, deadlineMs);
    connectors.push({ name, outcome });
    // Copies that were written before it streamed are the patrol's.
    if (name === configuration.settings.lateCopies.connectorName && outcome === 'created') await requestPatrol();
  }
  return { topics, connectors };
}
