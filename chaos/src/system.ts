import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Configuration, type RawSettings, readConfiguration, renderGrants } from '@friend-sync/connectors';
import { freePorts, openStack, type Stack } from '@friend-sync/local-stack';
import { createLogger, type Database, Operations } from '@friend-sync/sync-service';
import { Daemon, MAIN } from './daemon.ts';
import { createExample, fillExample } from './example.ts';
import { TcpProxy } from './proxy.ts';
import { openLaggingReplica } from './replica.ts';
import { rootOf } from './root.ts';

const FILE = fileURLToPath(new URL('../friend-sync.yaml', import.meta.url));
const execFileAsync = promisify(execFile);
/** Every server listens on 127.0.0.1 only, and ends with the run. */
const PASSWORD = 'chaos-password';
const DEADLINE_MS = 600_000;
/** Short, so that a fault of some seconds outlasts them. */
export const SESSION_TIMEOUT_MS = 6_000;
export const LEASE_MS = 5_000;
/** Small, so that the copies of popular users take several transactions. */
const CHUNK_ROWS = 100;

/** The connections that can be disturbed. */
export interface Links {
  readonly kafka: TcpProxy;
  readonly registry: TcpProxy;
  readonly friendMysql: TcpProxy;
  /** Connect's and the daemons', all others are the daemons' only. */
  readonly userMysql: TcpProxy;
}

/** The whole system on real parts, with proxies between them, the example in it and every copy equal. */
export interface System extends AsyncDisposable {
  readonly stack: Stack;
  readonly links: Links;
  readonly daemons: readonly Daemon[];
  /** Both servers as root and without a proxy: what the user service and the friend service use. */
  readonly user: Database;
  readonly friend: Database;
  /** What an operator would see, with new connections. */
  operations(): Operations;
  /** Runs a command of the command line, the way of the daemons; fails unless it succeeds. */
  command(name: string): Promise<void>;
  /** The user with which daemons write copies, as SQL names it. */
  readonly account: string;
  /** Ways in which daemons ended that nobody had asked to end. */
  readonly deaths: readonly string[];
}

export interface SystemOptions {
  readonly dataDir: string;
  readonly instances: number;
  /** Whole sources are read at a replica of the user server that is seconds behind. */
  readonly readsReplica: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Does what an operator does on a new installation. */
export async function openSystem({ dataDir, instances, readsReplica, say, signal }: SystemOptions): Promise<System> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const use = <T extends AsyncDisposable>(resource: T): T => {
    closers.push(async () => resource[Symbol.asyncDispose]());
    return resource;
  };
  try {
    const links: Links = {
      kafka: use(await TcpProxy.open()),
      registry: use(await TcpProxy.open()),
      friendMysql: use(await TcpProxy.open()),
      userMysql: use(await TcpProxy.open()),
    };
    const [kafkaPort = 0, ...adminPorts] = await freePorts(1 + instances);
    const stack = use(
      await openStack({
        dataDir,
        proxiedKafka: { port: kafkaPort, advertised: links.kafka.port },
        connectEnv: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD, FRIEND_SYNC_LATE_COPIES_PASSWORD: PASSWORD },
        onProgress: say,
      }),
    );
    links.kafka.target = kafkaPort;
    links.registry.target = Number(new URL(stack.registryUrl).port);
    links.friendMysql.target = stack.friendMysql.port;
    links.userMysql.target = stack.userMysql.port;

    signal.throwIfAborted();
    const configuration = configure(stack, links);
    const [user, friend] = [stack.userMysql, stack.friendMysql].map(({ port }) => use(rootOf(port, 8)));
    if (!user || !friend) throw new Error('unreachable');
    await createExample(user, friend);
    const reads = readsReplica
      ? use(await openLaggingReplica(join(dataDir, 'replica'), stack.userMysql)).port
      : undefined;
    say(`example: ${await fillExample(user, friend)} copies, all empty`);
    await grant(configuration, user, friend);

    const operations = use(new Operations(configuration, createLogger('fatal')));
    await operations.executeMigration();
    await operations.applyConnectors(DEADLINE_MS);
    signal.throwIfAborted();
    say('connectors applied');

    const line = commandLine(stack, links, reads);
    const deaths: string[] = [];
    const daemons = adminPorts.map((adminPort, i) => {
      const name = `daemon ${i + 1}`;
      const logFile = join(dataDir, `daemon-${i + 1}.log`);
      const onDeath = (how: string) => {
        deaths.push(`${name}: ${how}`);
        say(`${name} ended by itself: ${how}; its log is ${logFile}`);
      };
      return use(new Daemon({ name, ...line, adminPort, logFile, onDeath }));
    });
    for (const daemon of daemons) daemon.start();
    for (const daemon of daemons)
      if (!(await daemon.isReadyWithin(DEADLINE_MS)))
        throw new Error(`${daemon.name} is not ready: ${await daemon.readiness()}`);
    await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
    await operations.passBarrier(DEADLINE_MS);
    say(`first load: every copy equals its source; ${instances} daemons run`);
    return {
      stack,
      links,
      daemons,
      user,
      friend,
      account: `'${configuration.settings.target.user}'@'%'`,
      deaths,
      operations: () => new Operations(configuration, createLogger('fatal')),
      command: async (name) => {
        await execFileAsync(process.execPath, [MAIN, ...line.args, name], { env: line.env });
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The operator's configuration, and so the connector's: only the way to the user database leads through a proxy. */
function configure(stack: Stack, links: Links): Configuration {
  const overrides: RawSettings = {
    source: { port: links.userMysql.port, password: PASSWORD },
    target: { port: stack.friendMysql.port, password: PASSWORD },
    kafka: { brokers: [stack.kafkaBrokers], partitions: 3 },
    registry: { url: stack.registryUrl },
    connect: { url: stack.connectUrl },
  };
  return readConfiguration(FILE, {}, overrides);
}

/** The daemons' configuration: every server they use is behind a proxy. */
function commandLine(
  stack: Stack,
  links: Links,
  reads: number | undefined,
): { args: string[]; env: Record<string, string> } {
  const settings = {
    'source.port': links.userMysql.port,
    'target.port': links.friendMysql.port,
    'kafka.brokers': `127.0.0.1:${links.kafka.port}`,
    'kafka.partitions': 3,
    'kafka.sessionTimeoutMs': SESSION_TIMEOUT_MS,
    'registry.url': `http://127.0.0.1:${links.registry.port}`,
    'connect.url': stack.connectUrl,
    'fanOut.leaseMs': LEASE_MS,
    'fanOut.chunkRows': CHUNK_ROWS,
    'watch.intervalSeconds': 5,
    // One round follows another.
    'patrol.intervalSeconds': 1,
    ...(reads === undefined ? {} : { 'source.reads': `127.0.0.1:${reads}` }),
  };
  return {
    args: ['--config', FILE, ...Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`])],
    env: { FRIEND_SYNC_SOURCE__PASSWORD: PASSWORD, FRIEND_SYNC_TARGET__PASSWORD: PASSWORD },
  };
}

async function grant(configuration: Configuration, user: Database, friend: Database): Promise<void> {
  const { source, target, lateCopies } = configuration.settings;
  await user.write('creating a user', `CREATE USER '${source.user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const name of [target.user, lateCopies.user])
    await friend.write('creating a user', `CREATE USER '${name}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const { server, sql } of renderGrants(configuration))
    await (server === 'source' ? user : friend).write('granting', sql);
}
