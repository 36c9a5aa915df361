import {
  type ConnectorDefinition,
  formerConnectors,
  SCHEMA_HISTORY_TOPIC,
  topicDefinitions,
  withSchemaHistory,
} from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import { EPOCH_BEGINS } from '../../infrastructure/mysql/server-state.ts';
import { findHeld } from '../../infrastructure/mysql/store.ts';
import { beginning } from './beginning.ts';
import { beginEpoch, type EpochParts } from './epoch.ts';
import { type OnStep, runSteps } from './steps.ts';
import { findUnfitSources } from './unfit-sources.ts';

const TABLES = 'table.include.list';
const PREFIX = 'topic.prefix';

export interface ApplyParts extends EpochParts {
  readonly requestPatrol: () => Promise<void>;
}

export interface AppliedConnectors {
  readonly topics: readonly { topic: string; outcome: string }[];
  readonly connectors: readonly AppliedConnector[];
  /** Connectors of sources that the mapping no longer has. They run on. */
  readonly former: readonly string[];
}

export interface AppliedConnector {
  readonly name: string;
  /** `begun anew`: at its server's present, as one that is created. */
  readonly outcome: 'created' | 'begun anew' | 'updated' | 'unchanged';
}

/**
 * Brings topics and connectors to what the configuration says; repeated, it changes nothing, and what has not changed is
 * not disturbed. Topics come first: Connect would create them with the broker's defaults. When it returns, everything
 * that the servers commit from now on will be sent. The connectors are begun one after another, in the order given. That
 * of a source whose table does not fit is left as it is, and `contract_broken` thrown once all others are applied; so it is
 * where a copy's table does not fit, whose copy is held until it does.
 */
export async function applyConnectors(
  parts: ApplyParts,
  definitions: readonly ConnectorDefinition[],
  deadlineMs: number,
  onStep: OnStep,
): Promise<AppliedConnectors> {
  const { configuration, admin, connect, source, store } = parts;
  const unfit = await findUnfitSources(configuration, source, store.database);
  const fit = definitions.filter((one) => one.source === undefined || !unfit.has(one.source.name));
  const problems = await Promise.all(
    fit.map(async ({ name, config }) =>
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
  await deleteSingleConnector(parts, deadlineMs);
  const connectors: AppliedConnector[] = [];
  for (const definition of fit)
    connectors.push({ name: definition.name, outcome: await apply(parts, definition, deadlineMs, onStep) });
  const held = await findHeld(store);
  const told = [
    ...(unfit.size > 0
      ? [`not applied, as all others were: ${[...unfit.keys()].map((name) => `the connector of ${name}`).join(', ')}`]
      : []),
    ...[...unfit.values()].flat(),
    ...held.map(({ source, copy, problem }) => `the copy ${copy} of ${source} is held:\n${problem}`),
  ];
  if (told.length > 0) throw new SyncError('contract_broken', told.join('\n'));
  return { topics, connectors, former: await findFormer(parts) };
}

/** One that does not exist, reads other tables than it began with, or did not come to the end of its beginning, begins anew. */
async function apply(
  parts: ApplyParts,
  definition: ConnectorDefinition,
  deadlineMs: number,
  onStep: OnStep,
): Promise<AppliedConnector['outcome']> {
  const { connect, store, configuration } = parts;
  const { name, config, source } = definition;
  const current = await connect.config(name);
  const history = current?.[SCHEMA_HISTORY_TOPIC];
  const seen = source && (await store.serverState.read(store.database, source.name));
  if (history !== undefined && current?.[TABLES] === config[TABLES] && seen?.lost?.reason !== EPOCH_BEGINS) {
    const outcome = await connect.apply(name, withSchemaHistory(definition, history).config);
    await connect.resume(name);
    await connect.waitUntilRunning(name, deadlineMs);
    await connect.waitUntilPositioned(name, deadlineMs);
    return outcome;
  }
  if (source) await beginEpoch(parts, source, onStep);
  else {
    const { stop, run } = beginning({ ...parts, settings: configuration.settings }, definition);
    await runSteps([...stop, ...run], onStep);
    // Copies that were written before it streamed are the patrol's.
    await parts.requestPatrol();
  }
  return current ? 'begun anew' : 'created';
}

/** The version before had one connector for all sources, with the name that those of the sources now begin with. */
async function deleteSingleConnector({ configuration, connect }: ApplyParts, deadlineMs: number): Promise<void> {
  const { connectorName } = configuration.settings.connect;
  if (!(await isOurs(connectorName))) return;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, deadlineMs);
  await connect.delete(connectorName);

  async function isOurs(name: string): Promise<boolean> {
    return (await connect.config(name))?.[PREFIX] === configuration.settings.kafka.topicPrefix;
  }
}

async function findFormer({ configuration, connect }: ApplyParts): Promise<string[]> {
  const names = formerConnectors(configuration, await connect.names());
  const configs = await Promise.all(names.map((name) => connect.config(name)));
  return names.filter((_, i) => configs[i]?.[PREFIX] === configuration.settings.kafka.topicPrefix);
}
