import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Configuration,
  connectorNames,
  loadConfiguration,
  renderGrants,
  sourceConnectorName,
} from '@friend-sync/connectors';
import { openStack, type Stack } from '@friend-sync/local-stack';
import { createLogger, type Database, describeDifference, Operations, openDatabase } from '@friend-sync/sync-service';
import { expect } from 'vitest';
import { type Daemon, startDaemon } from './daemon.ts';
import type { OwnServers } from './own-servers.ts';
import { ownStack } from './own-stack.ts';
import { CONNECT_ENV, LATE_COPIES_PASSWORD, SOURCE_PASSWORD, TARGET_PASSWORD } from './passwords.ts';
import { SCALE } from './scale.ts';
import { TABLES } from './tables.ts';

export interface PipelineOptions {
  readonly userTables: readonly string[];
  readonly friendTables: readonly string[];
  /** The configuration's `sources`, as YAML; USER stands for the user schema's name. */
  readonly sources: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where the servers are found by everybody but root. Default: at their own ports. */
  readonly ports?: { readonly user?: number; readonly friend?: number };
  /** Default: those of the stack. */
  readonly servers?: Pick<OwnServers, 'userMysql' | 'friendMysql'>;
}

/** Both servers as root, with the schemas of this test. */
export interface Servers {
  readonly user: Database;
  readonly friend: Database;
  readonly userDb: string;
  readonly friendDb: string;
}

/** A whole pipeline of its own on the shared stack: schemas, least-privilege users, topics, connector. */
export interface Pipeline extends Servers, AsyncDisposable {
  readonly configuration: Configuration;
  readonly stack: Stack;
  readonly operations: Operations;
  /** That of the first source. */
  readonly connectorName: string;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts one more `friend-sync start`, with more environment, and waits until it is ready. */
  startDaemon(more?: Readonly<Record<string, string>>): Promise<Daemon>;
  /** The same without waiting: what it finds may keep it from being ready. */
  launchDaemon(more?: Readonly<Record<string, string>>): Promise<Daemon>;
  /** Waits until everything committed so far is applied, then compares every copy with its source by plain SQL and byte for byte. */
  settled(): Promise<{ copies: number; mismatches: number; orphans: number }>;
}

/** `before` runs when the tables are there and the connector is not. */
export async function openPipeline(
  options: PipelineOptions = TABLES,
  before?: (servers: Servers) => Promise<void>,
): Promise<Pipeline> {
  const stack = await openStack({
    dataDir: ownStack().dataDir,
    detached: true,
    proxiedKafka: ownStack().proxiedKafka,
    connectEnv: CONNECT_ENV,
  });
  const suffix = randomBytes(4).toString('hex');
  const [userDb, friendDb] = [`user_${suffix}`, `friend_${suffix}`];
  const text = JSON.stringify({ settings: settingsOf(stack, suffix, friendDb, options) });
  const env = { FRIEND_SYNC_SOURCE__PASSWORD: SOURCE_PASSWORD, FRIEND_SYNC_TARGET__PASSWORD: TARGET_PASSWORD };
  const configText = `sources:\n${options.sources.replaceAll('USER', userDb)}\n${text.slice(1, -1).replace(/^"settings":/, 'settings: ')}\n`;
  const folder = await mkdtemp(join(tmpdir(), 'friend-sync-test-'));
  const configFile = join(folder, 'friend-sync.yaml');
  await writeFile(configFile, configText);
  const configuration = loadConfiguration({ text: configText, file: configFile, env });

  const root = (port: number) => {
    const server = { host: '127.0.0.1', port, user: 'root', password: '' };
    const settings = loadConfiguration({
      text: configText,
      file: configFile,
      env,
      overrides: { target: server },
    }).settings;
    return openDatabase(settings.target, { connections: 4 });
  };
  const { userMysql, friendMysql } = options.servers ?? stack;
  const user = root(userMysql.port);
  const friend = root(friendMysql.port);
  await createSchema(user, userDb, options.userTables);
  await createSchema(friend, friendDb, options.friendTables);
  await createUsers(configuration, user, friend);
  await before?.({ user, friend, userDb, friendDb });

  const operations = new Operations(configuration, createLogger('fatal'));
  await operations.executeMigration();
  await operations.applyConnectors(60_000);
  const [source = { name: '' }] = configuration.mapping.sources;
  const daemons: Daemon[] = [];
  const launchDaemon = async (more = {}) => {
    const daemon = await startDaemon(configFile, { ...env, ...more });
    daemons.push(daemon);
    return daemon;
  };
  return {
    configuration,
    stack,
    operations,
    user,
    friend,
    userDb,
    friendDb,
    connectorName: sourceConnectorName(configuration.settings, source),
    configFile,
    env,
    launchDaemon,
    async startDaemon(more) {
      const daemon = await launchDaemon(more);
      await daemon.ready();
      return daemon;
    },
    async settled() {
      const { parked } = await operations.passBarrier(SCALE.barrierMs);
      const compared = await operations.compareCopies();
      if (compared.mismatches > 0) {
        const left = await operations.keys();
        const { mismatches } = await operations.compareCopies();
        process.stderr.write(
          `copies differ (${expect.getState().currentTestName}): ${JSON.stringify({
            differences: compared.differences.map(describeDifference),
            parked: parked.length,
            left,
            soAfter: mismatches,
          })}\n`,
        );
      }
      return compared;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(daemons.map((daemon) => daemon.kill()));
      for (const name of connectorNames(configuration)) await operations.connect.delete(name);
      await operations[Symbol.asyncDispose]();
      await user.write('dropping', `DROP DATABASE ${userDb}`);
      await friend.write('dropping', `DROP DATABASE ${friendDb}`);
      await friend.write('dropping', `DROP DATABASE ${configuration.settings.target.stateDatabase}`);
      await Promise.all([user[Symbol.asyncDispose](), friend[Symbol.asyncDispose]()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function settingsOf(
  stack: Stack,
  suffix: string,
  friendDb: string,
  { settings, ports, servers = stack }: PipelineOptions,
) {
  return {
    source: { port: ports?.user ?? servers.userMysql.port, user: `source_${suffix}` },
    target: {
      port: ports?.friend ?? servers.friendMysql.port,
      user: `target_${suffix}`,
      database: friendDb,
      stateDatabase: `sync_${suffix}`,
    },
    kafka: {
      brokers: [stack.kafkaBrokers],
      topicPrefix: `t${suffix}`,
      groupId: `g${suffix}`,
      partitions: 3,
      sessionTimeoutMs: 6_000,
    },
    registry: { url: stack.registryUrl },
    connect: { url: stack.connectUrl, connectorName: `c${suffix}` },
    fanOut: { leaseMs: 5_000 },
    lateCopies: { user: `late_${suffix}`, connectorName: `l${suffix}`, topicPrefix: `l${suffix}` },
    admin: { port: 0 },
    ...settings,
  };
}

/** Exactly the grants that `friend-sync grants` prints, and no other right. */
async function createUsers(configuration: Configuration, user: Database, friend: Database): Promise<void> {
  const { source, target, lateCopies } = configuration.settings;
  await user.write('creating a user', `CREATE USER '${source.user}'@'%' IDENTIFIED BY '${SOURCE_PASSWORD}'`);
  await friend.write('creating a user', `CREATE USER '${target.user}'@'%' IDENTIFIED BY '${TARGET_PASSWORD}'`);
  await friend.write('creating a user', `CREATE USER '${lateCopies.user}'@'%' IDENTIFIED BY '${LATE_COPIES_PASSWORD}'`);
  for (const { server, sql } of renderGrants(configuration))
    await (server === 'source' ? user : friend).write('granting', sql);
}

async function createSchema(server: Database, name: string, tables: readonly string[]): Promise<void> {
  await server.write('creating a schema', `CREATE DATABASE ${name}`);
  for (const ddl of tables)
    await server.write('creating a table', ddl.replace(/^CREATE TABLE /, `CREATE TABLE ${name}.`));
}
