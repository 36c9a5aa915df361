import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type Configuration,
  ConnectClient,
  changeTopic,
  readConfiguration,
  renderGrants,
  Secret,
  type SourceMapping,
  sourceConnector,
  topicDefinitions,
} from '@friend-sync/connectors';
import { newDataFolder } from '@friend-sync/demo';
import { openStack, type Stack } from '@friend-sync/local-stack';
import { type Database, openDatabase } from '@friend-sync/sync-service';
import { withAdmin } from './kafka.ts';

const EXAMPLE = fileURLToPath(new URL('../../friend-sync.example.yaml', import.meta.url));
/** Every server listens on 127.0.0.1 only, and ends with the measurement. */
const PASSWORD = 'bench-password';
const DEADLINE_MS = 120_000;
const ROWS_PER_INSERT = 5_000;

/** From the user database to the change topic, with nobody behind it: what the source's half of the pipeline does by itself. */
export interface SourceSide extends AsyncDisposable {
  readonly stack: Stack;
  /** As root: what the user service would use. */
  readonly user: Database;
  /** Empty when this is opened. */
  readonly topic: string;
}

export interface SourceSideOptions {
  /**
   * The product's connector on a worker with exactly-once support; or the same connector without it, whose worker has an
   * ordinary producer. A worker that supports it uses transactions for every connector, so the worker differs, too.
   */
  readonly exactlyOnce: boolean;
  readonly users: number;
  readonly say: (line: string) => void;
}

/** Opens a stack of its own, with users that the topic does not hold and the connector streaming. */
export async function openSourceSide({ exactlyOnce, users, say }: SourceSideOptions): Promise<SourceSide> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const dataDir = await newDataFolder('bench');
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const stack = await openStack({
      dataDir,
      parts: ['user-mysql', 'kafka', 'registry', 'connect'],
      connectEnv: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD },
      exactlyOnceSource: exactlyOnce,
      onProgress: say,
    });
    closers.push(() => stack.down());
    const configuration = configure(stack);
    const [source] = configuration.mapping.sources;
    if (!source) throw new Error('the example has no source');
    const { host, port } = stack.userMysql;
    const user = openDatabase({ host, port, user: 'root', password: new Secret(''), tls: false }, { connections: 2 });
    closers.push(async () => user[Symbol.asyncDispose]());
    await createUsers(user, users);
    await grant(configuration, user);
    await createTopics(configuration, stack);
    await startConnector(configuration, source, exactlyOnce);
    return { stack, user, topic: changeTopic(configuration.settings, source), [Symbol.asyncDispose]: close };
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
      target: { password: PASSWORD },
      kafka: { brokers: [stack.kafkaBrokers] },
      registry: { url: stack.registryUrl },
      connect: { url: stack.connectUrl },
      lateCopies: { enabled: false },
    },
  );
}

async function createUsers(user: Database, users: number): Promise<void> {
  await user.write('users', 'CREATE DATABASE user_db');
  await user.write(
    'users',
    `CREATE TABLE user_db.im_user (id BIGINT PRIMARY KEY, nick_name VARCHAR(64) NOT NULL, head_img VARCHAR(255) NOT NULL)`,
  );
  for (let from = 1; from <= users; from += ROWS_PER_INSERT) {
    const ids = Array.from({ length: Math.min(ROWS_PER_INSERT, users - from + 1) }, (_, i) => from + i);
    await user.write('users', 'INSERT INTO user_db.im_user VALUES ?', [
      ids.map((id) => [id, `Nick ${id}`, `https://img.example/${id}.png`]),
    ]);
  }
}

async function grant(configuration: Configuration, user: Database): Promise<void> {
  const { source } = configuration.settings;
  await user.write('creating a user', `CREATE USER '${source.user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const { server, sql } of renderGrants(configuration)) if (server === 'source') await user.write('granting', sql);
}

async function createTopics(configuration: Configuration, { kafkaBrokers }: Stack): Promise<void> {
  await withAdmin(kafkaBrokers, (admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: topicDefinitions(configuration).map(({ topic, partitions, replicationFactor, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    }),
  );
}

async function startConnector(
  configuration: Configuration,
  source: SourceMapping,
  exactlyOnce: boolean,
): Promise<void> {
  const { name, config: product } = sourceConnector(configuration, source);
  const { 'exactly.once.support': support = '', 'transaction.boundary': boundary = '', ...rest } = product;
  const config = exactlyOnce ? { ...rest, 'exactly.once.support': support, 'transaction.boundary': boundary } : rest;
  const connect = new ConnectClient(configuration.settings.connect.url);
  await connect.apply(name, config);
  await connect.waitUntilRunning(name, DEADLINE_MS);
  await connect.waitUntilPositioned(name, DEADLINE_MS);
}
