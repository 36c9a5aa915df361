import {
  type Configuration,
  type ConnectClient,
  type ConnectorDefinition,
  changeTopic,
  LONGEST_TEXT,
  newSchemaHistory,
  SCHEMA_HISTORY_TOPIC,
  type SourceMapping,
  type TopicDefinition,
  topicDefinitions,
} from '@friend-sync/connectors';
import type { SyncError } from '../../../errors.ts';
import type { KafkaAdmin, TopicState } from '../../../infrastructure/kafka/admin.ts';
import type { Store } from '../../../infrastructure/mysql/store.ts';
import { checkLog } from '../../ingest/topic-identity.ts';
import { tellRetention } from '../../supervise/topic-retention.ts';
import { ownTopics } from '../own-names.ts';
import { type Finding, failureOf } from './findings.ts';

export interface TopicParts {
  readonly configuration: Configuration;
  readonly admin: KafkaAdmin;
  readonly store: Store | undefined;
}

/** The broker's default; a larger limit is never needed. */
const MESSAGE_BYTES = 1_048_588;
/** Of a UTF-16 unit in UTF-8. */
const UNIT_BYTES = 3;
const OTHER_BYTES = 4_096;

/** Whether the topics are as the configuration has them, and those that we have read. */
export async function lookAtTopics({ configuration, admin, store }: TopicParts): Promise<Finding[]> {
  const definitions = store ? ownTopics(configuration, store) : topicDefinitions(configuration);
  const existing = new Set(await admin.topics());
  const findings = definitions.map(async (definition) => {
    if (existing.has(definition.topic))
      return compareTopic(configuration, definition, await admin.topicState(definition.topic));
    const why = 'its connector or a daemon fails where it is needed';
    return [
      { ...missing(definition.topic, why, 'friend-sync connectors apply'), fix: { kind: 'connectors' } as const },
    ];
  });
  const read = configuration.mapping.sources
    .map((source) => changeTopic(configuration.settings, source))
    .filter((topic) => store && existing.has(topic))
    .map((topic) => lookAtConsumed(admin, store as Store, topic));
  return (await Promise.all([...findings, ...read])).flat();
}

/** The same of the topics in which connectors keep what they have learned of their tables. */
export async function lookAtHistories(
  configuration: Configuration,
  admin: KafkaAdmin,
  connect: ConnectClient,
  connectors: readonly ConnectorDefinition[],
): Promise<Finding[]> {
  const existing = new Set(await admin.topics());
  const looks = connectors.map(async ({ name, config, source }) => {
    const topic = (await connect.config(name))?.[SCHEMA_HISTORY_TOPIC];
    if (topic === undefined) return [];
    if (!existing.has(topic))
      return [missing(topic, 'the connector does not start again without it', beginAnew(name, source))];
    const definition = { ...newSchemaHistory(config, configuration.settings, new Date(0)), topic };
    return compareTopic(configuration, definition, await admin.topicState(topic));
  });
  return (await Promise.all(looks)).flat();
}

function missing(topic: string, why: string, mend: string): Finding {
  return { severity: 'error', part: `topic ${topic}`, what: 'does not exist', why, mend };
}

function beginAnew(name: string, source: SourceMapping | undefined): string {
  return source
    ? `friend-sync epoch new ${source.name} --execute`
    : `friend-sync connectors delete ${name} --execute, then: friend-sync connectors apply`;
}

export function compareTopic(configuration: Configuration, wanted: TopicDefinition, is: TopicState): Finding[] {
  const { topic } = wanted;
  const [broker] = configuration.settings.kafka.brokers;
  const part = `topic ${topic}`;
  const set = `kafka-configs.sh --bootstrap-server ${broker} --alter --topic ${topic} --add-config`;
  const findings: Finding[] = [];
  if (is.partitions !== wanted.partitions)
    findings.push({
      severity: 'error',
      part,
      what: `has ${is.partitions} partitions, and ${wanted.partitions} are wanted`,
      why: 'keys are ordered within a partition, and their number cannot be changed',
      mend: 'correct kafka.partitions, or delete the topic if it is not in use yet, then: friend-sync connectors apply',
    });
  for (const [name, value] of Object.entries(wanted.config)) {
    const found = is.config.get(name);
    if (found === undefined || isEnough(name, value, found)) continue;
    findings.push({
      severity: name === 'cleanup.policy' ? 'error' : 'warning',
      part,
      what: `${name} is ${found}, and ${value} is wanted`,
      why: 'what the topic no longer has when it is needed is lost: a mirror, a delete, or the way of a connector back',
      mend: `${set} ${name}=${value}`,
      fix: { kind: 'topics', setting: { topic, name, value } },
    });
  }
  return [...findings, ...findReplicas(part, wanted, is, set), ...findTooSmall(configuration, topic, is, set)];
}

/** `set`: the command to which a setting and its value are added. */
function findReplicas(part: string, wanted: TopicDefinition, { replicas, config }: TopicState, set: string): Finding[] {
  const inSync = Number(config.get('min.insync.replicas'));
  const warning = (what: string, why: string, mend: string): Finding => ({
    severity: 'warning',
    part,
    what,
    why,
    mend,
  });
  const more = 'give it more replicas by kafka-reassign-partitions.sh';
  const findings: Finding[] = [];
  if (inSync > replicas)
    findings.push({
      severity: 'error',
      part,
      what: `min.insync.replicas is ${inSync}, and it has ${replicas}`,
      why: 'nothing can be written to it',
      mend: `${set} min.insync.replicas=${replicas}, or ${more}`,
    });
  if (replicas < wanted.replicationFactor) {
    const what = `has ${replicas} replicas, and ${wanted.replicationFactor} are wanted`;
    findings.push(warning(what, 'it is away, or lost, with fewer brokers than you expect', more));
  }
  if (replicas > 2 && inSync < 2) {
    const why = 'a message that one broker alone has is lost with it';
    findings.push(warning('min.insync.replicas is 1', why, `${set} min.insync.replicas=2`));
  }
  return findings;
}

/** What is kept longer is no harm. */
function isEnough(name: string, wanted: string, is: string): boolean {
  if (is === wanted) return true;
  if (!/\.(ms|bytes)$/.test(name)) return false;
  return wanted !== '-1' && (is === '-1' || Number(is) >= Number(wanted));
}

function findTooSmall({ mapping, settings }: Configuration, topic: string, is: TopicState, set: string): Finding[] {
  const source = mapping.sources.find((one) => changeTopic(settings, one) === topic);
  const largest = OTHER_BYTES + (source?.columns.length ?? 0) * LONGEST_TEXT * UNIT_BYTES;
  const needed = Math.min(largest, MESSAGE_BYTES);
  const most = Number(is.config.get('max.message.bytes'));
  if (!source || !(most < needed)) return [];
  const [name, value] = ['max.message.bytes', String(needed)];
  const what = `${name} is ${most}, and a row of ${source.name} may take ${value}`;
  const why = 'the connector fails for good at a message that the topic refuses';
  const fix = { kind: 'topics', setting: { topic, name, value } } as const;
  return [{ severity: 'warning', part: `topic ${topic}`, what, why, mend: `${set} ${name}=${value}`, fix }];
}

/** Whether it is the topic that we have read, and keeps what we have not. */
async function lookAtConsumed(admin: KafkaAdmin, store: Store, topic: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const tell = (error: unknown, why: string) => findings.push(failureOf(`topic ${topic}`, error, why));
  for (const [partition, consumed] of await store.consumed.readAll(store.database, topic))
    await checkLog(admin, topic, partition, consumed).catch((error) =>
      tell(error, 'its offsets mean something else now'),
    );
  const health = {
    report: (_: string, error: SyncError) => {
      findings.push({
        ...failureOf(`topic ${topic}`, error, 'deletes that are gone are never applied'),
        severity: 'warning',
      });
    },
    clear: () => {},
  };
  await tellRetention({ store, admin, topics: [topic], health }, topic);
  return findings;
}
