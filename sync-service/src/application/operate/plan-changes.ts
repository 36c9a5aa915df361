import { type ConnectorDefinition, type Grant, renderGrants, topicDefinitions } from '@friend-sync/connectors';
import { toSyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { openStore, type Store, USER_DATABASE } from '../../infrastructure/mysql/store.ts';
import { findFormer, planConnectors } from './apply-connectors.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { ownTopics } from './own-names.ts';
import { type Differences, type PlannedStep, planSteps } from './planned-steps.ts';
import { compareRights, grantsOf, revocationsOf } from './rights.ts';
import type { Servers } from './servers.ts';

const FRIEND_DATABASE = 'the friend database';

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
  const { missing, surplus } = await rightsOf(servers);
  const found = {
    missing,
    surplus,
    sources: fingerprintsOf(configuration.mapping),
    ...{ statements: undefined, unfit: [], topics: [], connectors: [], former: [], daemons: [] },
  };
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
    statements: [...migration.fixed, ...migration.mirrors],
    unfit: migration.problems,
    topics: await missingTopics(servers, store),
    connectors: await planConnectors(connect, store, await definitions()),
    former: store ? await findFormer({ ...servers, store }) : [],
    daemons: store ? (await store.daemons.running(store.database)).map((one) => one?.sources) : [],
  };
}

/** Each as SQL that says on which server it is to be run. */
async function rightsOf({ configuration, source, target }: Servers) {
  const atSource = await compare(source, grantsOf(configuration, 'source'));
  const atTarget = await compare(target, grantsOf(configuration, 'target'));
  // Nobody tells us of another user's: who may not read a new table needs it for the late copies as well.
  const objects = atTarget.missing.map(objectOf);
  const { lateCopies, target: friendServer } = configuration.settings;
  const isLate = ({ server, user }: Grant) =>
    server === 'target' && user === lateCopies.user && user !== friendServer.user;
  const late = renderGrants(configuration).filter((one) => isLate(one) && objects.includes(objectOf(one.sql)));
  const friend = [...atTarget.missing, ...late.map(({ sql }) => sql)];
  const on = (server: string, statements: readonly string[]) => statements.map((sql) => `${sql} -- on ${server}`);
  return {
    missing: [...on(USER_DATABASE, atSource.missing), ...on(FRIEND_DATABASE, friend)],
    surplus: [...on(USER_DATABASE, atSource.surplus), ...on(FRIEND_DATABASE, atTarget.surplus)],
  };
}

const objectOf = (sql: string) => sql.match(/ ON (.+) TO /)?.[1];

async function compare(server: Database, needed: readonly Grant[]) {
  const differences = await compareRights(server, needed);
  return { missing: differences.missing.map(({ sql }) => sql), surplus: revocationsOf(differences) };
}

async function missingTopics({ configuration, admin }: Servers, store: Store | undefined): Promise<string[]> {
  const wanted = store ? ownTopics(configuration, store) : topicDefinitions(configuration);
  const there = await admin.topics();
  return wanted.map(({ topic }) => topic).filter((topic) => !there.includes(topic));
}
