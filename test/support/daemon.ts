import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

/** The built command. */
export const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
/** Loaded before the daemon: it ends when its stdin does, which we hold open, so that it never outlives a killed test run. */
const END_WITH_OWNER = 'data:text/javascript,process.stdin.resume().once("end",()=>process.exit(1)).unref()';

/** A running `friend-sync start`. */
export interface Daemon {
  readonly process: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  /** Waits until /readyz says yes. */
  ready(): Promise<void>;
  readiness(): Promise<{ ready: boolean; troubles: { kind: string; problem: string }[] }>;
  /** The status of its /livez. */
  liveness(): Promise<number>;
  /** One number of its /metrics, summed over the labels, or over those that hold `label`. */
  metric(name: string, label?: string): Promise<number>;
  kill(signal?: NodeJS.Signals): Promise<number | null>;
}

/** All that a test file has started. */
export const daemons: Daemon[] = [];

export async function startDaemon(configFile: string, env: Readonly<Record<string, string>>): Promise<Daemon> {
  const args = ['--import', END_WITH_OWNER, MAIN, '--config', configFile, 'start'];
  // biome-ignore lint/style/noProcessEnv: a child inherits the environment
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  let output = '';
  const listen = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const port = () => output.match(/"port":(\d+)/)?.[1];

  async function readiness() {
    if (port() === undefined) return { ready: false, troubles: [] };
    const response = await fetch(`http://127.0.0.1:${port()}/readyz`);
    return (await response.json()) as { ready: boolean; troubles: { kind: string; problem: string }[] };
  }

  const daemon: Daemon = {
    process: child,
    output: () => output,
    readiness,
    async ready() {
      const isReady = async () => (await readiness()).ready;
      await Promise.race([
        vi.waitUntil(isReady, { timeout: 60_000, interval: 50 }).catch(async () => {
          throw new Error(`the daemon is not ready: ${JSON.stringify(await readiness())}\n${output}`);
        }),
        exited.then(() => {
          throw new Error(`the daemon exited:\n${output}`);
        }),
      ]);
    },
    liveness: async () => (await fetch(`http://127.0.0.1:${port()}/livez`)).status,
    async metric(name, label = '') {
      const text = await (await fetch(`http://127.0.0.1:${port()}/metrics`)).text();
      const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return lines
        .filter((line) => line.includes(label))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async kill(signal = 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
  daemons.push(daemon);
  return daemon;
}
