import {
  absenceOf,
  type Configuration,
  type ConnectClient,
  type ConnectorDefinition,
  differencesOf,
  failureOf as failureOfConnector,
  problemOf,
  remedyOf,
} from '@friend-sync/connectors';
import type { KafkaAdmin } from '../../../infrastructure/kafka/admin.ts';
import { findFormer } from '../apply-connectors.ts';
import type { Finding } from './findings.ts';

/** Of a connector's configuration, those that name what the worker must have. */
const CLASSES = ['connector.class', 'key.converter', 'value.converter', 'transforms.dropBefore.type'];

/** What mends the worker's settings, by the setting of a connector that it refuses. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^exactly\.once/, 'set exactly.once.source.support=enabled in the settings of the worker, and restart it'],
  [/\.override\./, 'set connector.client.config.override.policy=All in the settings of the worker, and restart it'],
  [
    /^database\./,
    "see that the server answers the worker, and that the password which the configuration refers to is in the worker's environment (config.providers=env)",
  ],
];

/** Whether the worker can run our connectors, and they are there, as they should be, and run. */
export async function lookAtConnectors(
  connect: ConnectClient,
  connectors: readonly ConnectorDefinition[],
): Promise<Finding[]> {
  const plugins = new Set(await connect.plugins());
  const looks = connectors.map(async (definition) => {
    const classes = CLASSES.flatMap((name) => definition.config[name] ?? []);
    const lacking = classes.filter((plugin) => !plugins.has(plugin));
    return [
      ...lacking.map((plugin) => missing(definition, plugin)),
      ...(lacking.length === 0 ? await findRefused(connect, definition) : []),
      ...(await findDrift(connect, definition)),
    ];
  });
  return (await Promise.all(looks)).flat();
}

function missing({ name }: ConnectorDefinition, plugin: string): Finding {
  return {
    severity: 'error',
    part: `Kafka Connect, plugin ${plugin}`,
    what: `the worker does not have it, and connector ${name} needs it`,
    why: 'the connector is not accepted, or fails at its first message',
    mend: 'put it on the plugin.path of every worker (pom.xml has the version), and restart them',
  };
}

async function findRefused(connect: ConnectClient, { name, config }: ConnectorDefinition): Promise<Finding[]> {
  const problems = await connect.validate(config);
  return problems.map(({ key, message }) => ({
    severity: 'error',
    part: `connector ${name}, ${key}`,
    what: message,
    why: 'Kafka Connect refuses the connector, or it fails when it starts',
    mend:
      REMEDIES.find(([pattern]) => pattern.test(key))?.[1] ?? 'friend-sync connectors validate says when it is mended',
  }));
}

async function findDrift(connect: ConnectClient, definition: ConnectorDefinition): Promise<Finding[]> {
  const { name } = definition;
  const part = `connector ${name}`;
  const why = definition.source
    ? `no change of ${definition.source.name} is told`
    : 'copies that others write with an old value wait for the patrol';
  const current = await connect.config(name);
  if (!current)
    return [
      {
        severity: 'error',
        part,
        what: 'there is none',
        why,
        mend: absenceOf(name).replace(/^.*; /, ''),
        fix: { kind: 'connectors' },
      },
    ];
  const differing = differencesOf(definition, current).map((difference) => difference.name);
  const status = await connect.status(name);
  const problem = problemOf(name, status);
  return [
    ...(differing.length > 0
      ? [
          {
            severity: 'warning' as const,
            part,
            what: `is not what the configuration says: ${differing.join(', ')}`,
            why: 'it sends other columns, or otherwise than is assumed; what it does not send is read row by row',
            mend: 'friend-sync connectors apply --dry-run shows the values, without it they are set',
            fix: { kind: 'connectors' as const },
          },
        ]
      : []),
    ...(problem
      ? [
          {
            severity: 'error' as const,
            part,
            what: (status && failureOfConnector(name, status)) ?? problem,
            why,
            mend: remedyOf(status) ?? 'mend what it names; a daemon restarts it, or: friend-sync connectors restart',
            // Whoever paused or stopped it has had a reason.
            ...(remedyOf(status) === undefined ? { fix: { kind: 'restart' as const, connector: name } } : {}),
          },
        ]
      : []),
  ];
}

/** Connectors of sources that the mapping no longer has. */
export async function lookAtFormer(parts: Parameters<typeof findFormer>[0]): Promise<Finding[]> {
  return (await findFormer(parts)).map((name) => ({
    severity: 'warning',
    part: `connector ${name}`,
    what: 'its source is not in the mapping any more',
    why: 'it goes on reading the user database for nobody',
    mend: `friend-sync connectors delete ${name} --execute`,
  }));
}

/** Whether the worker uses the Kafka that we read. */
export async function lookAtCluster(
  { settings }: Configuration,
  connect: ConnectClient,
  admin: Pick<KafkaAdmin, 'clusterId'>,
): Promise<Finding[]> {
  const [theirs, ours] = await Promise.all([connect.kafkaClusterId(), admin.clusterId()]);
  if (theirs === ours) return [];
  return [
    {
      severity: 'error',
      part: `Kafka Connect at ${settings.connect.url}`,
      what: `writes to the Kafka cluster ${theirs}, and ${settings.kafka.brokers.join(', ')} is ${ours}`,
      why: 'what it sends never arrives',
      mend: 'correct kafka.brokers or connect.url, or bootstrap.servers of the worker',
    },
  ];
}
