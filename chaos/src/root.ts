import { Secret } from '@friend-sync/connectors';
import { type Database, openDatabase } from '@friend-sync/sync-service';

/** A server of the stack as its root, without a proxy. */
export function rootOf(port: number, connections: number): Database {
  const server = { host: '127.0.0.1', port, user: 'root', password: new Secret(''), tls: false };
  return openDatabase(server, { connections });
}
