import type { TestProject } from 'vitest/node';
import { openServers, type ServerAddress } from './own-servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    userMysql: ServerAddress;
    friendMysql: ServerAddress;
  }
}

/** Starts two MySQL servers for the store tests; they end with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await openServers(['user-mysql', 'friend-mysql']);
  project.provide('userMysql', servers.userMysql);
  project.provide('friendMysql', servers.friendMysql);
  return async () => servers[Symbol.asyncDispose]();
}
