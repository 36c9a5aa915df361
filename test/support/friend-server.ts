import { randomBytes } from 'node:crypto';
import { type Configuration, loadConfiguration } from '@friend-sync/connectors';
import { type Database, openDatabase, openStore, openTarget, type Store } from '@friend-sync/sync-service';
import { inject } from 'vitest';
import { executeMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { copyFixedTables } from './migrated-tables.ts';
import type { ServerAddress } from './own-servers.ts';

export interface FriendServer extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly store: Store;
  /** The user and friend servers as root, without our session's settings in the way. */
  readonly user: Database;
  readonly friend: Database;
  /** The schemas of this test. */
  readonly userDb: string;
  readonly friendDb: string;
}

export interface FriendServerOptions {
  /** DDL of the source tables, run with the user schema as default. */
  readonly userTables: readonly string[];
  readonly friendTables: readonly string[];
  /** The configuration's `sources`, as YAML; USER stands for the user schema's name. */
  readonly sources: string;
  readonly settings?: Record<string, unknown>;
  /** Default: the servers that all tests share. */
  readonly userMysql?: ServerAddress;
  readonly friendMysql?: ServerAddress;
}

/** Schemas of their own for one test, migrated, with an open store. Kept when the test fails, dropped when it disposes. */
export async function openFriendServer(options: FriendServerOptions): Promise<FriendServer> {
  const suffix = randomBytes(5).toString('hex');
  const [userDb, friendDb, stateDatabase] = [`user_${suffix}`, `friend_${suffix}`, `sync_${suffix}`];
  const [userAddress, friendAddress] = [
    options.userMysql ?? inject('userMysql'),
    options.friendMysql ?? inject('friendMysql'),
  ];
  const root = (address: { host: string; port: number }) => ({ ...address, user: 'root', password: '', tls: false });
  const configuration = loadConfiguration({
    text: `sources:\n${options.sources.replaceAll('USER', userDb)}`,
    file: 'test.yaml',
    env: {},
    overrides: {
      ...options.settings,
      source: root(userAddress),
      target: { ...root(friendAddress), database: friendDb, stateDatabase },
    },
  });
  const user = openDatabase(configuration.settings.source, { connections: 4 });
  const friend = openDatabase(configuration.settings.target, { connections: 4 });
  await createSchema(user, userDb, options.userTables);
  await createSchema(friend, friendDb, options.friendTables);
  const target = openTarget(configuration);
  if (!options.friendMysql) await copyFixedTables(friend, inject('migrated'), stateDatabase);
  await executeMigration(configuration, user, target);
  const store = await openStore(configuration, target);
  return {
    configuration,
    store,
    user,
    friend,
    userDb,
    friendDb,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await user.write('dropping', `DROP DATABASE ${userDb}`);
      await friend.write('dropping', `DROP DATABASE ${friendDb}`);
      await friend.write('dropping', `DROP DATABASE ${stateDatabase}`);
      await Promise.all([user[Symbol.asyncDispose](), friend[Symbol.asyncDispose]()]);
    },
  };
}

/** Creates a schema and its tables. */
export async function createSchema(server: Database, name: string, tables: readonly string[]): Promise<void> {
  await server.write('creating a schema', `CREATE DATABASE ${name}`);
  for (const ddl of tables)
    await server.write('creating a table', ddl.replace(/^CREATE TABLE /, `CREATE TABLE ${name}.`));
}
