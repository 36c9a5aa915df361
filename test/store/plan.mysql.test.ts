import { type Configuration, type ConnectClient, connectorDefinitions } from '@friend-sync/connectors';
import {
  createLogger,
  Operations,
  openSourceDatabase,
  openTarget,
  planChanges,
  planRevocations,
} from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { fingerprintsOf } from '../../sync-service/src/application/operate/fingerprints.ts';
import { ownTopics } from '../../sync-service/src/application/operate/own-names.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { dropUsers, withGrants } from '../support/granted-users.ts';
import { TABLES } from '../support/tables.ts';

/** What is planned beside Kafka and Connect that have these topics, and connectors as they should be. */
async function planOf(configuration: Configuration, topics: readonly string[], areConnectors = true) {
  await using source = openSourceDatabase(configuration);
  await using target = openTarget(configuration);
  const definitions = connectorDefinitions(configuration, () => []);
  const admin = { topics: async () => topics } as unknown as KafkaAdmin;
  const config = async (name: string) => {
    const found = definitions.find((one) => one.name === name)?.config;
    return areConnectors ? found && { ...found, 'schema.history.internal.kafka.topic': 'history' } : undefined;
  };
  const connect = { config, names: async () => definitions.map(({ name }) => name) } as unknown as ConnectClient;
  const servers = { configuration, source, target, admin, connect, readTopic: async () => {} };
  return await planChanges(servers, async () => definitions);
}

test('case 55: of a system that is not there yet everything is planned, in order', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, friendDb } = server;
  const nowhere = { ...configuration.settings.target, stateDatabase: `${friendDb}_none` };
  const none = { ...configuration, settings: { ...configuration.settings, target: nowhere } };
  const steps = await planOf(none, [], false);
  expect(steps.map(({ kind, commands }) => [kind, ...commands])).toEqual([
    ['migrate', 'friend-sync migrate --execute'],
    ['connectors', 'friend-sync connectors apply'],
    ['daemons', 'friend-sync start'],
  ]);
  expect(steps[0]?.details.join()).toMatch(
    /^\d+ statements .*friend-sync migrate shows them,CREATE TABLE.*mirror_account/s,
  );
  expect(steps[1]?.details).toContain('connector friend-sync-source-account: created');
});

test('case 55: with the printed grants nothing is planned; a right that is missing is, and one too many, by server', async () => {
  await using server = await openFriendServer(TABLES);
  const { user, friend, userDb, friendDb, store } = server;
  const as = await withGrants(server);
  const { source, target } = as.settings;
  const sources = fingerprintsOf(as.mapping);
  const topics = ownTopics(as, store).map(({ topic }) => topic);
  const plan = async () => {
    await store.daemons.beSeen(store.database, { state: 'consuming', troubles: [], sources });
    return planOf(as, topics);
  };
  expect(await plan()).toEqual([]);

  await user.write('revoking', `REVOKE SELECT (avatar) ON ${userDb}.account FROM '${source.user}'@'%'`);
  await friend.write('granting', `GRANT UPDATE (remark) ON ${friendDb}.friend TO '${target.user}'@'%'`);
  expect(await plan()).toMatchObject([
    {
      kind: 'grants',
      commands: [
        `GRANT SELECT (\`id\`, \`avatar\`, \`nick\`) ON \`${userDb}\`.\`account\` TO '${source.user}'@'%'; -- on the user database`,
      ],
    },
    {
      kind: 'revoke',
      commands: [
        `REVOKE UPDATE (\`remark\`) ON \`${friendDb}\`.\`friend\` FROM '${target.user}'@'%'; -- on the friend database`,
      ],
    },
  ]);
  await dropUsers(server, as);
});

test('case 55: grants --revoke names what our users have and the configuration no longer needs, and what a wide one has swallowed', async () => {
  await using server = await openFriendServer(TABLES);
  const { user, friend, userDb, friendDb } = server;
  const as = await withGrants(server);
  const [reader, writer] = [as.settings.source.user, as.settings.target.user];
  await using source = openSourceDatabase(as);
  await using target = openTarget(as);
  const revocations = async () => (await planRevocations({ configuration: as, source, target })).map(({ sql }) => sql);
  expect(await revocations()).toEqual([[], []]);
  await user.write('granting', `GRANT SELECT ON ${userDb}.account TO '${reader}'@'%'`);
  await friend.write('granting', `GRANT UPDATE (remark) ON ${friendDb}.friend TO '${writer}'@'%'`);
  expect(await revocations()).toEqual([
    [
      `REVOKE SELECT ON \`${userDb}\`.\`account\` FROM '${reader}'@'%';`,
      `GRANT SELECT (\`id\`, \`avatar\`, \`nick\`) ON \`${userDb}\`.\`account\` TO '${reader}'@'%';`,
    ],
    [`REVOKE UPDATE (\`remark\`) ON \`${friendDb}\`.\`friend\` FROM '${writer}'@'%';`],
  ]);
  const asRoot = await planRevocations({ configuration: server.configuration, source: user, target: friend });
  expect(asRoot).toMatchObject([
    { isAdministrator: true, sql: [] },
    { isAdministrator: true, sql: [] },
  ]);
  await dropUsers(server, as);
});

test('whoever looks again and again finds the tables that were made meanwhile', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, friend, friendDb } = server;
  const target = { ...configuration.settings.target, stateDatabase: `${friendDb}_later` };
  const later = { ...configuration, settings: { ...configuration.settings, target } };
  await using operations = new Operations(later, createLogger('fatal'));
  await expect(operations.store()).rejects.toMatchObject({ kind: 'store_misconfigured' });
  await operations.executeMigration();
  expect([...(await operations.store()).sources.keys()]).toEqual(['account']);
  await friend.write('dropping', `DROP DATABASE ${target.stateDatabase}`);
});
