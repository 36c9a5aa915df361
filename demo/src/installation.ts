import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Configuration, readConfiguration, renderGrants, Secret } from '@friend-sync/connectors';
import { openStack, type Stack, type StackOptions } from '@friend-sync/local-stack';
import { createLogger, type Database, Operations, openDatabase } from '@friend-sync/sync-service';
import { newDataFolder } from './data-folder.ts';
import { createExample } from './example.ts';

const EXAMPLE = fileURLToPath(new URL('../../friend-sync.example.yaml', import.meta.url));
/** Every server listens on 127.0.0.1 only, and ends with us. */
const PASSWORD = 'demo-password';
const DEADLINE_MS = 120_000;

/** Everything but a daemon: real parts with the example's tables, and connectors that stream. */
export interface Installation extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly stack: Stack;
  readonly operations: Operations;
  /** Both servers as root: what the user service and the friend service would use. */
  readonly user: Database;
  readonly friend: Database;
  /** How the `friend-sync` command reaches this installation. */
  readonly commandLine: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

export interface InstallationOptions extends Pick<StackOptions, 'performanceSchema' | 'mysqlArgs' | 'morePlugins'> {
  /** Names its folder. */
  readonly kind: string;
  readonly say: (line: string) => void;
  /** The path of the configuration, where it is not the example's. */
  readonly config?: string;
  /** What the tables hold before friend-sync comes. */
  readonly fill: (user: Database, friend: Database) => Promise<void>;
}

/** Does what an operator does on a new installation, one step after another, up to `friend-sync start`. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { kind, say, fill, config = EXAMPLE, performanceSchema = false, mysqlArgs = [], morePlugins = [] } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const dataDir = await newDataFolder(kind);
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const stack = await openStack({
      dataDir,
      connectEnv: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD, FRIEND_SYNC_LATE_COPIES_PASSWORD: PASSWORD },
      performanceSchema,
      mysqlArgs,
      morePlugins,
      onProgress: say,
    });
    closers.push(() => stack.down());
    const configuration = configure(config, stack);
    const [user, friend] = [rootOf(configuration, stack.userMysql.port), rootOf(configuration, stack.friendMysql.port)];
    closers.push(
      async () => user[Symbol.asyncDispose](),
      async () => friend[Symbol.asyncDispose](),
    );

    await createExample(user, friend);
    await fill(user, friend);
    await grant(configuration, user, friend);

    const operations = new Operations(configuration, createLogger('fatal'));
    closers.push(async () => operations[Symbol.asyncDispose]());
    await operations.executeMigration();
    await operations.applyConnectors(DEADLINE_MS);
    say('connector: streams the binlog; only key, nick_name and head_img leave the user database');
    const commandLine = commandLineOf(config, configuration);
    return { configuration, stack, operations, user, friend, commandLine, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configure(config: string, stack: Stack): Configuration {
  return readConfiguration(
    config,
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

function commandLineOf(
  config: string,
  { settings: { source, target, kafka, registry, connect } }: Configuration,
): Installation['commandLine'] {
  const settings = {
    'source.port': source.port,
    'target.port': target.port,
    'kafka.brokers': kafka.brokers.join(','),
    'registry.url': registry.url,
    'connect.url': connect.url,
    'admin.port': 0,
  };
  return {
    args: ['--config', config, ...Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`])],
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
