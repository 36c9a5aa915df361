import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectPart } from './connect-part.ts';
import { prepareJavaParts } from './java-downloads.ts';
import { kafkaPart } from './kafka-part.ts';
import { prepareMysql } from './mysql-download.ts';
import { mysqlPart } from './mysql-part.ts';
import { PART_NAMES, type Part, type PartName, type PartPlace, type ProxiedKafka } from './part.ts';
import { freePorts } from './ports.ts';
import { end, isAlive, launch, memoryOf, type ProcessId, signal } from './process.ts';
import { registryPart } from './registry-part.ts';
import { readState, type StackState, writeState } from './state-file.ts';

const READY_MS = 120_000;
const GRACE_MS = 15_000;

export interface StackOptions {
  /** Everything of this stack lives here; a stack that already runs here is joined. */
  readonly dataDir: string;
  /** Default: all. */
  readonly parts?: readonly PartName[];
  /** Default: free ones, the same each time for one data folder. */
  readonly ports?: Partial<Record<PartName, number>>;
  /** Default: none. Connect does not use it. */
  readonly proxiedKafka?: ProxiedKafka;
  /** Secrets for Connect's `${env:…}` references; names begin with FRIEND_SYNC_. */
  readonly connectEnv?: Readonly<Record<string, string>>;
  /**
   * Default: true. False: Connect's worker gives every source connector an ordinary producer, and refuses a connector that
   * requires exactly-once support.
   */
  readonly exactlyOnceSource?: boolean;
  /** Default: false. True: MySQL tells in performance_schema of its locks and statements. */
  readonly performanceSchema?: boolean;
  /** Default: false. True: MySQL keeps names of tables in lower case, from its initialisation on. */
  readonly lowerCaseTableNames?: boolean;
  /** More of MySQL's options; none by default. */
  readonly mysqlArgs?: readonly string[];
  /** Folders with more of Connect's plugins; none by default. */
  readonly morePlugins?: readonly string[];
  /** The parts go on when we end. Default: they end with us, even if we are killed. */
  readonly detached?: boolean;
  /** One line for a human per step. */
  readonly onProgress?: (line: string) => void;
}

export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  /** Has no password. */
  readonly rootUser: 'root';
}

/** Real servers on 127.0.0.1, each a process. */
export interface Stack extends AsyncDisposable {
  readonly userMysql: MysqlAddress;
  readonly friendMysql: MysqlAddress;
  readonly kafkaBrokers: string;
  readonly connectUrl: string;
  readonly registryUrl: string;
  readonly dataDir: string;
  /** Undefined while the part does not run. */
  pid(part: PartName): number | undefined;
  /** Starts a part again at the same port with the same data; resolves when it is ready. */
  start(part: PartName): Promise<void>;
  /** Ends a part, in order unless another signal is named; resolves when it is gone. */
  stop(part: PartName, name?: NodeJS.Signals): Promise<void>;
  /** Sends a signal, SIGKILL by default. */
  kill(part: PartName, name?: NodeJS.Signals): void;
  logTail(part: PartName, lines?: number): string;
  /** Proportional memory of all parts, in bytes. */
  memory(): number;
  /** Ends every part; the data stays. */
  down(): Promise<void>;
}

/** Downloads what is missing, starts what does not run, and resolves when every part is ready. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const say = options.onProgress ?? (() => {});
  const dataDir = resolve(options.dataDir);
  const names = options.parts ?? PART_NAMES;
  const parts = await prepareParts(names, say);
  const stack = new ProcessStack(
    dataDir,
    parts,
    await initialState(dataDir, options.ports),
    {
      connectEnv: options.connectEnv ?? {},
      proxiedKafka: options.proxiedKafka,
      exactlyOnceSource: options.exactlyOnceSource ?? true,
      performanceSchema: options.performanceSchema ?? false,
      lowerCaseTableNames: options.lowerCaseTableNames,
      mysqlArgs: options.mysqlArgs,
      morePlugins: options.morePlugins,
    },
    say,
  );
  if (!options.detached) stack.endWithOwner();
  try {
    const kafka = names.includes('kafka') ? stack.start('kafka') : undefined;
    const start = async (name: PartName) => {
      // Connect gives up after a minute without Kafka, and would be blamed for it.
      if (name === 'connect') await kafka;
      await stack.start(name);
    };
    await Promise.all([kafka, ...names.filter((name) => name !== 'kafka').map(start)]);
  } catch (error) {
    await stack.down();
    throw error;
  }
  return stack;
}

/** The stack of a data folder, to look at or to end; undefined where there never was one. */
export function attachStack(dataDir: string): Stack | undefined {
  const state = readState(resolve(dataDir));
  const given = { connectEnv: {}, exactlyOnceSource: true, performanceSchema: false };
  return state && new ProcessStack(resolve(dataDir), new Map(), state, given, () => {});
}

async function prepareParts(names: readonly PartName[], say: (line: string) => void): Promise<Map<PartName, Part>> {
  const needsMysql = names.some((name) => name.endsWith('-mysql'));
  const needsJava = names.some((name) => !name.endsWith('-mysql'));
  const [mysql, java] = await Promise.all([
    needsMysql ? prepareMysql(say) : undefined,
    needsJava ? prepareJavaParts(say) : undefined,
  ]);
  if (mysql) say(`MySQL ${mysql.version}`);
  const all = [
    ...(mysql ? [mysqlPart('user-mysql', mysql), mysqlPart('friend-mysql', mysql)] : []),
    ...(java ? [kafkaPart(java), registryPart(java), connectPart(java)] : []),
  ];
  return new Map(all.map((part) => [part.name, part]));
}

async function initialState(dataDir: string, given: StackOptions['ports'] = {}): Promise<StackState> {
  const known = readState(dataDir);
  const [controllerPort = 0, ...free] = await freePorts(PART_NAMES.length + 1);
  const ports = Object.fromEntries(PART_NAMES.map((name, i) => [name, given[name] ?? known?.ports[name] ?? free[i]]));
  return {
    ports: ports as StackState['ports'],
    controllerPort: known?.controllerPort ?? controllerPort,
    processes: known?.processes ?? {},
  };
}

class ProcessStack implements Stack {
  readonly dataDir: string;
  readonly #parts: ReadonlyMap<PartName, Part>;
  readonly #place: Omit<PartPlace, 'dir'>;
  readonly #say: (line: string) => void;

  constructor(
    dataDir: string,
    parts: ReadonlyMap<PartName, Part>,
    state: StackState,
    given: Omit<PartPlace, 'dir' | 'ports' | 'controllerPort'>,
    say: (line: string) => void,
  ) {
    this.dataDir = dataDir;
    this.#parts = parts;
    this.#place = { ports: state.ports, controllerPort: state.controllerPort, ...given };
    this.#say = say;
  }

  get userMysql(): MysqlAddress {
    return { host: '127.0.0.1', port: this.#place.ports['user-mysql'], rootUser: 'root' };
  }

  get friendMysql(): MysqlAddress {
    return { host: '127.0.0.1', port: this.#place.ports['friend-mysql'], rootUser: 'root' };
  }

  get kafkaBrokers(): string {
    return `127.0.0.1:${this.#place.ports.kafka}`;
  }

  get connectUrl(): string {
    return `http://127.0.0.1:${this.#place.ports.connect}`;
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${this.#place.ports.registry}`;
  }

  pid(part: PartName): number | undefined {
    const id = this.#process(part);
    return id && isAlive(id) ? id.pid : undefined;
  }

  async start(name: PartName): Promise<void> {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`${name} is not a part of this stack`);
    const place = { ...this.#place, dir: join(this.dataDir, name) };
    const began = performance.now();
    if (this.pid(name) === undefined) {
      mkdirSync(place.dir, { recursive: true });
      const { id } = launch(await part.prepare(place), place.dir, this.#logFile(name));
      this.#record(name, id);
    }
    for (;;) {
      const isReady = await part.isReady(place);
      // First: another process may answer at its port.
      if (this.pid(name) === undefined) throw this.#failure(name, 'died while starting');
      if (isReady) break;
      if (performance.now() - began > READY_MS) throw this.#failure(name, `is not ready after ${READY_MS / 1000} s`);
      await delay(100);
    }
    this.#say(`${name} is ready (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  }

  async stop(name: PartName, signalName = this.#parts.get(name)?.stopSignal ?? 'SIGTERM'): Promise<void> {
    const id = this.#process(name);
    if (id) await end(id, signalName, GRACE_MS);
  }

  kill(name: PartName, signalName: NodeJS.Signals = 'SIGKILL'): void {
    const id = this.#process(name);
    if (id) signal(id, signalName);
  }

  logTail(name: PartName, lines = 20): string {
    try {
      return readFileSync(this.#logFile(name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }

  memory(): number {
    return PART_NAMES.map((name) => this.#process(name)).reduce((sum, id) => sum + (id ? memoryOf(id) : 0), 0);
  }

  async down(): Promise<void> {
    // Connect first: it would complain of a Kafka that is gone.
    for (const name of [...PART_NAMES].reverse()) if (name === 'connect') await this.stop(name);
    await Promise.all(PART_NAMES.map((name) => this.stop(name)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  /** Has the processes ended when this process is gone, by a helper that notices. */
  endWithOwner(): void {
    const reaper = fileURLToPath(new URL('../dist/reaper.js', import.meta.url));
    const child = spawn(process.execPath, [reaper, this.dataDir], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.unref();
    // @ts-expect-error a pipe's stream is a Socket, whose unref the types of stdin do not show
    child.stdin.unref();
  }

  /** From the file each time: another process may have joined this stack and started a part again. */
  #process(name: PartName): ProcessId | undefined {
    return readState(this.dataDir)?.processes[name];
  }

  #record(name: PartName, id: ProcessId | undefined): void {
    if (!id) throw this.#failure(name, 'could not be started');
    const processes = { ...readState(this.dataDir)?.processes, [name]: id };
    writeState(this.dataDir, { ports: this.#place.ports, controllerPort: this.#place.controllerPort, processes });
  }

  #failure(name: PartName, problem: string): Error {
    return new Error(`${name} ${problem}; the end of its log (${this.#logFile(name)}):\n${this.logTail(name)}`);
  }

  #logFile(name: PartName): string {
    return join(this.dataDir, name, 'log');
  }
}
