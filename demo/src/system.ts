import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Configuration, readConfiguration, renderGrants, Secret } from '@friend-sync/connectors';
import { openStack, type Stack } from '@friend-sync/local-stack';
import {
  createLogger,
  createSyncService,
  type Database,
  Operations,
  openDatabase,
  type SyncService,
} from '@friend-sync/sync-service';
import { newDataFolder } from './data-folder.ts';
import { createExample, fillExample } from './example.ts';

const EXAMPLE = fileURLToPath(new URL('../../friend-sync.example.yaml', import.meta.url));
/** Every server listens on 127.0.0.1 only, and ends with the demo. */
const PASSWORD = 'demo-password';
const DEADLINE_MS = 120_000;

/** The whole system on real parts, with the example in it and every copy equal. */
export interface System extends AsyncDisposable {
  readonly stack: Stack;
  readonly operations: Operations;
  readonly service: SyncService;
  /** Both servers as root: what the user service and the friend service would use. */
  readonly user: Database;
  readonly friend: Database;
  /** How the `friend-sync` command reaches this system. */
  readonly commandLine: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

export interface SystemOptions {
  readonly say: (line: string) => void;
  readonly onApplied: (source: string, latencyMs: number) => void;
}

/** Does what an operator does on a new installation, one step after another. */
export async function openSystem({ say, onApplied }: SystemOptions): Promise<System> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const dataDir = await newDataFolder('demo');
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const stack = await openStack({
      dataDir,
      connectEnv: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD, FRIEND_SYNC_LATE_COPIES_PASSWORD: PASSWORD },
      onProgress: say,
    });
    closers.push(() => stack.down());
    const configuration = configure(stack);
    const [user, friend] = [rootOf(configuration, stack.userMysql.port), rootOf(configuration, stack.friendMysql.port)];
    closers.push(
      async () => user[Symbol.asyncDispose](),
      async () => friend[Symbol.asyncDispose](),
    );

    await createExample(user, friend);
    const { users, copies } = await fillExample(user, friend);
    say(`example: ${users} users, ${copies} copies of their names in two tables, all empty`);
    await grant(configuration, user, friend);

    const operations = new Operations(configuration, createLogger('fatal'));
    closers.push(async () => operations[Symbol.asyncDispose]());
    await operations.executeMigration(await operations.planMigration());
    await operations.applyConnectors(DEADLINE_MS);
    say('connector: streams the binlog; only key, nick_name and head_img leave the user database');

    const service = createSyncService({ configuration, log: createLogger('error'), onApplied });
    closers.push(() => service.stop());
    await service.start();
    await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
    await operations.passBarrier(DEADLINE_MS);
    say('first load: every copy equals its source');
    const commandLine = commandLineOf(configuration);
    return { stack, operations, service, user, friend, commandLine, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configure(stack: Stack): Configuration {
  return readConfiguration(
    EXAMPLE,
    {},
    {
      source: { port: stack.userMysql.port, password: PASSWORD },
      target: { port: stack.friendMysql.port, password: PASSWORD },
      kafka: { brokers: [stack.kafkaBrokers] },
      registry: { url: stack.registryUrl },
      connect: { url: stack.connectUrl },
      admin: { port: 0 },
    },
  );
}

function commandLineOf({
  settings: { source, target, kafka, registry, connect },
}: Configuration): System['commandLine'] {
  const settings = {
    'source.port': source.port,
    'target.port': target.port,
    'kafka.brokers': kafka.brokers.join(','),
    'registry.url': registry.url,
    'connect.url': connect.url,
    'admin.port': 0,
  };
  return {
    args: ['--config', EXAMPLE, ...Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`])],
    env: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD, FRIEND_SYNC_TARGET__PASSWORD: PASSWORD },
  };
}

function rootOf({ settings }: Configuration, port: number): Database {
  const { tls } = settings.target;
  return openDatabase({ host: '127.0.0.1', port, user: 'root', password: new Secret(''), tls }, { connections: 4 });
}

async function grant(configuration: Configuration, user: Database, friend: Database): Promise<void> {
  const { source, target, lateCopies } = configuration.settings;
  await user.write('creating a user', `CREATE USER '${source.user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const name of [target.user, lateCopies.user])
    await friend.write('creating a user', `CREATE USER '${name}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const { server, sql } of renderGrants(configuration))
    await (server === 'source' ? user : friend).write('granting', sql);
}
