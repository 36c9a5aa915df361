import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStack } from '@friend-sync/local-stack';
import type { TestProject } from 'vitest/node';

/** Where a MySQL server of the test run listens; root has no password there. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

declare module 'vitest' {
  interface ProvidedContext {
    userMysql: ServerAddress;
    friendMysql: ServerAddress;
  }
}

/** Starts two MySQL servers for the store tests; they end with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-mysql-'));
  const stack = await openStack({ dataDir, parts: ['user-mysql', 'friend-mysql'] });
  project.provide('userMysql', { host: stack.userMysql.host, port: stack.userMysql.port });
  project.provide('friendMysql', { host: stack.friendMysql.host, port: stack.friendMysql.port });
  return async () => {
    await stack.down();
    await rm(dataDir, { recursive: true, force: true });
  };
}
