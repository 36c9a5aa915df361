import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MysqlAddress, openStack, type StackOptions } from '@friend-sync/local-stack';

/** Where a MySQL server of the test run listens; root has no password there. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** MySQL servers of a test's own; they end, and are deleted, when it disposes them. */
export interface OwnServers extends AsyncDisposable {
  readonly userMysql: ServerAddress;
  readonly friendMysql: ServerAddress;
}

/** Starts these servers. Whoever sets one back, or changes its settings, must not do so to those that all tests share. */
export async function openServers(
  parts: readonly ('user-mysql' | 'friend-mysql')[],
  options: Pick<StackOptions, 'performanceSchema' | 'lowerCaseTableNames' | 'mysqlArgs'> = {},
): Promise<OwnServers> {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-mysql-'));
  const stack = await openStack({ ...options, dataDir, parts });
  return {
    userMysql: addressOf(stack.userMysql),
    friendMysql: addressOf(stack.friendMysql),
    async [Symbol.asyncDispose]() {
      await stack.down();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const addressOf = ({ host, port }: MysqlAddress): ServerAddress => ({ host, port });
