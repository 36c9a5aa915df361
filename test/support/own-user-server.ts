import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStack, type Stack } from '@friend-sync/local-stack';
import { afterAll, beforeAll } from 'vitest';
import { type FriendServer, openFriendServer } from './friend-server.ts';
import { TABLES } from './tables.ts';

/**
 * A user server for the tests of one file, which may be set back: on the one that all files share, the barriers of others
 * would wait for transactions that are no more. Returns what opens the usual tables on it.
 */
export function ownUserServer(): () => Promise<FriendServer> {
  let own: Stack;
  let dataDir = '';
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-user-'));
    own = await openStack({ dataDir, parts: ['user-mysql'] });
  });
  afterAll(async () => {
    await own?.down();
    await rm(dataDir, { recursive: true, force: true });
  });
  return () => openFriendServer({ ...TABLES, userMysql: { host: own.userMysql.host, port: own.userMysql.port } });
}
