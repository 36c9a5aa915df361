import { Secret } from '@friend-sync/connectors';
import { type Database, openDatabase } from '@friend-sync/sync-service';
import type { ServerAddress } from './own-servers.ts';

/** A MySQL server as root, who has no password. */
export function openRoot(server: ServerAddress): Database {
  return openDatabase({ ...server, user: 'root', password: new Secret(''), tls: false }, { connections: 1 });
}
