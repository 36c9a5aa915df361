import type { TestProject } from 'vitest/node';
import { openFriendServer } from './friend-server.ts';
import { keepFixedTables, type MigratedTables } from './migrated-tables.ts';
import { openServers, type ServerAddress } from './own-servers.ts';
import { TABLES } from './tables.ts';

interface SharedServers {
  readonly userMysql: ServerAddress;
  readonly friendMysql: ServerAddress;
  readonly migrated: MigratedTables;
}

declare module 'vitest' {
  interface ProvidedContext extends SharedServers {}
}

/** Where a test run finds servers that another process has started, as JSON: one that runs the tests again and again. */
export const SERVERS_VARIABLE = 'FRIEND_SYNC_TEST_SERVERS';

/** Starts two MySQL servers for the store tests; they end with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // biome-ignore lint/style/noProcessEnv: it comes from the process that runs us
  const given = process.env[SERVERS_VARIABLE];
  const shared = given === undefined ? await openSharedServers() : undefined;
  const servers = shared?.servers ?? (JSON.parse(given ?? '') as SharedServers);
  project.provide('userMysql', servers.userMysql);
  project.provide('friendMysql', servers.friendMysql);
  project.provide('migrated', servers.migrated);
  return async () => shared?.close();
}

/** Two MySQL servers, and tables that need not be migrated for each test anew. */
export async function openSharedServers(): Promise<{ servers: SharedServers; close(): Promise<void> }> {
  const { userMysql, friendMysql, ...opened } = await openServers(['user-mysql', 'friend-mysql']);
  const server = await openFriendServer({ ...TABLES, userMysql, friendMysql });
  const migrated = await keepFixedTables(server.friend, server.configuration.settings.target.stateDatabase);
  await Promise.all([server.store, server.user, server.friend].map((one) => one[Symbol.asyncDispose]()));
  return { servers: { userMysql, friendMysql, migrated }, close: async () => opened[Symbol.asyncDispose]() };
}
