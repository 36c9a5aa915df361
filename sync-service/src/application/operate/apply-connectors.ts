import {
  type ConnectClient,
  type ConnectorDefinition,
  differencesOf,
  FIELD_NAMING,
  formerConnectors,
  isForeign,
  SCHEMA_HISTORY_TOPIC,
  withSchemaHistory,
} from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import { requireRegistry } from '../../infrastructure/kafka/registry-probe.ts';
import { EPOCH_BEGINS, findUntoldUpdates } from '../../infrastructure/mysql/state/server-state.ts';
import { FRIEND_DATABASE, findHeld, type Store, USER_DATABASE } from '../../infrastructure/mysql/store.ts';
import { beginLateCopies, lateCopiesBegin } from '../late-copies/beginning.ts';
import { beginEpoch, type EpochParts } from './epoch.ts';
import { ownTopics, requireOwnNames } from './own-names.ts';
import type { OnStep } from './steps.ts';
import { findUnfitSources } from './unfit-sources.ts';

/** What a connector has sent was written by these. */
const LASTING = ['table.include.list', FIELD_NAMING];
const PREFIX = 'topic.prefix';

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
 * not disturbed. Where a name is another system's, or the schema registry does not answer, nothing is done. Topics come first: Connect would create them with the
 * broker's defaults. When it returns, everything that the servers commit from now on will be sent. The connectors are begun
 * one after another, in the order given. That of a source whose table does not fit is left as it is, and `contract_broken`
 * thrown once all others are applied; so it is where a copy's table does not fit, whose copy is held until it does, and
 * where a server logs updates so that no connector hears of them.
 */
export async function applyConnectors(
  parts: EpochParts,
  definitions: readonly ConnectorDefinition[],
  deadlineMs: number,
  onStep: OnStep,
): Promise<AppliedConnectors> {
  const { configuration, admin, connect, source, store } = parts;
  await requireRegistry(configuration.settings.registry);
  await requireOwnNames(parts);
  const unfit = await findUnfitSources(configuration, source, store.database);
  const fit = definitions.filter((one) => one.source === undefined || !unfit.has(one.source.name));
  const problems = await Promise.all(
    fit.map(async ({ name, config }) =>
      (await connect.validate(config)).map(({ key, message }) => `${name}: ${key}: ${message}`),
    ),
  );
  if (problems.flat().length)
    throw new SyncError('contract_broken', `Kafka Connect refuses the configuration:\n${problems.flat().join('\n')}`);
  const topics = await admin.ensureTopics(ownTopics(configuration, store));
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
  const untold = [
    await findUntoldUpdates(source, USER_DATABASE),
    await findUntoldUpdates(store.database, FRIEND_DATABASE),
  ];
  const told = [
    ...(unfit.size > 0
      ? [`not applied, as all others were: ${[...unfit.keys()].map((name) => `the connector of ${name}`).join(', ')}`]
      : []),
    ...[...unfit.values()].flat(),
    ...untold.filter((problem) => problem !== undefined),
    ...held.map(({ source, copy, problem }) => `the copy ${copy} of ${source} is held:\n${problem}`),
  ];
  if (told.length > 0) throw new SyncError('contract_broken', told.join('\n'));
  return { topics, connectors, former: await findFormer(parts) };
}

/** What `apply` would do with one connector. */
export interface PlannedConnector extends AppliedConnector {
  /** Settings that are others than those of the connector that there is. */
  readonly changes: readonly { name: string; from: string | undefined; to: string | undefined }[];
}

/** What {@link applyConnectors} would do; `store` is undefined while our tables are not made. */
export async function planConnectors(
  connect: ConnectClient,
  store: LookedAt['store'] | undefined,
  definitions: readonly ConnectorDefinition[],
): Promise<PlannedConnector[]> {
  const plans = definitions.map(async (definition) => {
    const { current, begins } = await look({ connect, store }, definition);
    const changes = differencesOf(definition, current);
    const outcome = !current ? 'created' : begins ? 'begun anew' : changes.length > 0 ? 'updated' : 'unchanged';
    return { name: definition.name, outcome, changes } as const;
  });
  return Promise.all(plans);
}

interface LookedAt {
  readonly connect: ConnectClient;
  readonly store: Pick<Store, 'database' | 'serverState'> | undefined;
}

/**
 * One that does not exist, reads other tables than it began with, names their columns otherwise, or did not come to the end
 * of its beginning, begins anew.
 */
async function look({ connect, store }: LookedAt, { name, config, source }: ConnectorDefinition) {
  const current = await connect.config(name);
  const isSame = LASTING.every((setting) => current?.[setting] === config[setting]);
  const history = isSame && !(await isBrokenOff()) ? current?.[SCHEMA_HISTORY_TOPIC] : undefined;
  return { current, history, begins: history === undefined };

  async function isBrokenOff(): Promise<boolean> {
    if (!store) return false;
    if (!source) return lateCopiesBegin(store);
    return (await store.serverState.read(store.database, source.name))?.lost?.reason === EPOCH_BEGINS;
  }
}

async function apply(
  parts: EpochParts,
  definition: ConnectorDefinition,
  deadlineMs: number,
  onStep: OnStep,
): Promise<AppliedConnector['outcome']> {
  const { connect, store, configuration } = parts;
  const { name, source } = definition;
  const { current, history } = await look(parts, definition);
  if (history !== undefined) {
    const outcome = await connect.apply(name, withSchemaHistory(definition, history, store.mark).config);
    await connect.resume(name);
    await connect.waitUntilRunning(name, deadlineMs);
    await connect.waitUntilPositioned(name, deadlineMs);
    return outcome;
  }
  if (source) await beginEpoch(parts, source, onStep);
  else await beginLateCopies({ ...parts, settings: configuration.settings }, definition, onStep);
  return current ? 'begun anew' : 'created';
}

/** The version before had one connector for all sources, with the name that those of the sources now begin with. */
async function deleteSingleConnector({ configuration, connect, store }: EpochParts, deadlineMs: number): Promise<void> {
  const { connectorName } = configuration.settings.connect;
  if (!(await isOurs(connectorName))) return;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, deadlineMs);
  await connect.delete(connectorName);

  async function isOurs(name: string): Promise<boolean> {
    const config = await connect.config(name);
    return config?.[PREFIX] === configuration.settings.kafka.topicPrefix && !isForeign(config, store.mark);
  }
}

/** Our connectors of sources that the mapping no longer has. */
export async function findFormer({
  configuration,
  connect,
  store,
}: Pick<EpochParts, 'configuration' | 'connect'> & { store: Pick<Store, 'mark'> }): Promise<string[]> {
  const names = formerConnectors(configuration, await connect.names());
  const configs = await Promise.all(names.map((name) => connect.config(name)));
  const { topicPrefix } = configuration.settings.kafka;
  return names.filter((_, i) => configs[i]?.[PREFIX] === topicPrefix && !isForeign(configs[i], store.mark));
}
