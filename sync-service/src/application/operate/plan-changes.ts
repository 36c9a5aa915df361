import { type ConnectorDefinition, topicDefinitions } from '@friend-sync/connectors';
import { toSyncError } from '../../errors.ts';
import { openStore, type Store } from '../../infrastructure/mysql/store.ts';
import { findFormer, planConnectors } from './apply-connectors.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { findRights, toldOf } from './missing-rights.ts';
import { ownTopics } from './own-names.ts';
import { type Differences, type PlannedStep, planSteps } from './planned-steps.ts';
import type { Servers } from './servers.ts';

/** What would have to be done for a running system to be what the configuration says. Changes nothing. */
export async function planChanges(
  servers: Servers,
  definitions: () => Promise<readonly ConnectorDefinition[]>,
): Promise<PlannedStep[]> {
  return planSteps(await findDifferences(servers, definitions));
}

async function findDifferences(
  servers: Servers,
  definitions: () => Promise<readonly ConnectorDefinition[]>,
): Promise<Differences> {
  const { configuration, source, target, connect } = servers;
  const rights = await findRights(servers);
  const missing = rights.missing.map(toldOf);
  const found = {
    missing,
    surplus: rights.surplus.map(toldOf),
    sources: fingerprintsOf(configuration.mapping),
    ...{ migration: undefined, unfit: [], topics: [], connectors: [], former: [], daemons: [] },
  };
  if (rights.isRejected) return found;
  const { planMigration } = await import('../../infrastructure/mysql/state/migrate.ts');
  const migration = await planMigration(configuration, source, target).catch((error) => {
    // Without the rights that are missing it takes columns for missing.
    if (missing.length > 0 && toSyncError(error).policy.directive === 'halt') return undefined;
    throw error;
  });
  if (!migration) return found;
  // The mirrors may still have to be made, so no source is opened.
  const empty = { ...configuration, mapping: { sources: [] } };
  const store = migration.fixed.length > 0 ? undefined : await openStore(empty, target);
  return {
    ...found,
    migration,
    unfit: migration.problems,
    topics: await missingTopics(servers, store),
    connectors: await planConnectors(connect, store, await definitions()),
    former: store ? await findFormer({ ...servers, store }) : [],
    daemons: store ? (await store.daemons.running(store.database)).map((one) => one?.sources) : [],
  };
}

async function missingTopics({ configuration, admin }: Servers, store: Store | undefined): Promise<string[]> {
  const wanted = store ? ownTopics(configuration, store) : topicDefinitions(configuration);
  const there = await admin.topics();
  return wanted.map(({ topic }) => topic).filter((topic) => !there.includes(topic));
}
