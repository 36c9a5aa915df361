import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@friend-sync/connectors';
import { openStack, replicationFrom } from '@friend-sync/local-stack';
import { type Database, openDatabase } from '@friend-sync/sync-service';
import { ownStack } from './own-stack.ts';
import { CONNECT_ENV } from './passwords.ts';

/** A part whose server has another id. */
const OTHER = { 'user-mysql': 'friend-mysql', 'friend-mysql': 'user-mysql' } as const;

/** A MySQL server, with a session of root. */
export interface Server {
  readonly port: number;
  readonly database: Database;
}

/** A server of the shared stack, and a second one that holds the same and follows it. */
export interface Pair extends AsyncDisposable {
  readonly primary: Server;
  readonly replica: Server;
}

/** Must be opened before anything uses the server, which stops for a moment. The replica's binary logs are numbered from 1. */
export async function openPair(part: keyof typeof OTHER): Promise<Pair> {
  const stack = await openStack({ dataDir: ownStack().dataDir, detached: true, connectEnv: CONNECT_ENV });
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-replica-'));
  const folder = join(dataDir, OTHER[part]);
  await mkdir(folder);
  await stack.stop(part);
  await cp(join(stack.dataDir, part, 'data'), join(folder, 'data'), { recursive: true });
  await rm(join(folder, 'data', 'auto.cnf'));
  await stack.start(part);
  const second = await openStack({ dataDir, parts: [OTHER[part]] });
  const primary = serverAt((part === 'user-mysql' ? stack.userMysql : stack.friendMysql).port);
  const replica = serverAt((part === 'user-mysql' ? second.friendMysql : second.userMysql).port);
  const executed = await executedBy(replica);
  await replica.database.write('numbering anew', 'RESET BINARY LOGS AND GTIDS');
  await replica.database.write('numbering anew', 'SET GLOBAL gtid_purged = ?', [executed]);
  await follow(replica, primary);
  return {
    primary,
    replica,
    async [Symbol.asyncDispose]() {
      // For the tests that follow, whatever has happened here: with a number of GTID far ahead, for one, no backfill of a
      // quiet server would end.
      await promote(primary);
      await primary.database.write('numbering anew', 'RESET BINARY LOGS AND GTIDS');
      await Promise.all([primary, replica].map(({ database }) => database[Symbol.asyncDispose]()));
      await second.down();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function serverAt(port: number): Server {
  const address = { host: '127.0.0.1', port, user: 'root', password: new Secret(''), tls: false };
  return { port, database: openDatabase(address, { connections: 2 }) };
}

async function executedBy({ database }: Server): Promise<string> {
  const [row] = await database.rows('looking', 'SELECT @@global.gtid_executed AS gtids');
  return String(row?.gtids).replaceAll('\n', '');
}

export async function follow({ database }: Server, source: Server): Promise<void> {
  await database.write('becoming a replica', replicationFrom({ host: '127.0.0.1', port: source.port }));
  await database.write('becoming a replica', 'START REPLICA');
}

/** Makes a replica the primary, with what it has. */
export async function promote({ database }: Server): Promise<void> {
  await database.write('becoming the primary', 'STOP REPLICA');
  await database.write('becoming the primary', 'RESET REPLICA ALL');
  await database.write('becoming the primary', 'SET GLOBAL read_only = OFF');
}

/** A planned switch: nothing is written to the old primary any more, and nothing is lost. */
export async function switchOver(from: Server, to: Server): Promise<void> {
  await from.database.write('giving up', 'SET GLOBAL super_read_only = ON');
  await to.database.rows('catching up', 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)', [await executedBy(from)]);
  await promote(to);
  await follow(from, to);
}

/** The number in the name of the binary log that is being written. */
export async function logNumber({ database }: Server): Promise<number> {
  const logs = await database.rows('looking', 'SHOW BINARY LOGS');
  return Number(String(logs.at(-1)?.Log_name).split('.').at(-1));
}
