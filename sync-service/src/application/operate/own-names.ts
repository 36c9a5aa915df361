import {
  type Configuration,
  type ConnectClient,
  connectorNames,
  isForeign,
  markOf,
  markTopics,
  type TopicDefinition,
  topicDefinitions,
  topicPrefixes,
} from '@friend-sync/connectors';
import { SyncError, toSyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { within } from '../../within.ts';

export interface OwnNamesParts {
  readonly configuration: Configuration;
  readonly store: Pick<Store, 'mark'>;
  readonly admin: Pick<KafkaAdmin, 'topics' | 'groupTopics'>;
  readonly connect: Pick<ConnectClient, 'config'>;
}

const ANSWER_MS = 5_000;
const REMEDY =
  'give this system a kafka.topicPrefix, kafka.groupId, connect.connectorName, lateCopies.topicPrefix and lateCopies.connectorName of its own';

/** Throws `contract_broken` where a connector, topics or the consumer group that have our names are another system's. */
export async function requireOwnNames({ configuration, store, admin, connect }: OwnNamesParts): Promise<void> {
  const { settings } = configuration;
  const configs = connectorNames(configuration).map(async (name) => [name, await connect.config(name)] as const);
  // All are waited for at once: one that fails meanwhile would be nobody's, and end the daemon.
  const [connectors, topics, read] = await Promise.all([
    Promise.all(configs),
    admin.topics(),
    admin.groupTopics(settings.kafka.groupId),
  ]);
  const foreign = connectors
    .filter(([, config]) => isForeign(config, store.mark))
    .map(
      ([name]) =>
        `connector ${name} is another system's (if that is gone: friend-sync connectors delete ${name} --execute)`,
    );
  const marks = topicPrefixes(settings).map((prefix) => {
    const other = topics.find((topic) => (markOf(topic, prefix) ?? store.mark) !== store.mark);
    return other
      ? [`topics that begin with ${prefix} are another system's (if that is gone: delete the topic ${other})`]
      : [];
  });
  const isOthers = read.length > 0 && !read.some((topic) => topic.startsWith(`${settings.kafka.topicPrefix}.`));
  const group = isOthers ? [`consumer group ${settings.kafka.groupId} is another system's: it reads ${read[0]}`] : [];
  const problems = [...foreign, ...marks.flat(), ...group];
  if (problems.length > 0) throw new SyncError('contract_broken', [...problems, REMEDY].join('\n'));
}

/** The same for a daemon, which starts without Connect and Kafka as well. */
export async function requireOwnNamesIfToldSoon(parts: OwnNamesParts): Promise<void> {
  const problem = await within(ANSWER_MS, requireOwnNames(parts)).catch(toSyncError);
  if (problem?.kind === 'contract_broken') throw problem;
}

/** Every topic of the pipeline but the schema histories, those included that say that they are ours. */
export function ownTopics(configuration: Configuration, { mark }: Pick<Store, 'mark'>): TopicDefinition[] {
  return [...topicDefinitions(configuration), ...markTopics(configuration.settings, mark)];
}
