import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const RESTART_AFTER_MS = 1_000;
/** The daemon ends by itself within 10 s of a SIGTERM, so this is for one that does not. */
const STOP_MS = 20_000;

export interface DaemonOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly adminPort: number;
  readonly logFile: string;
  /** It ended although nobody asked; a supervisor would start it again, and so do we. */
  readonly onDeath: (how: string) => void;
}

/** A `friend-sync start` that is started again when it dies, as a supervisor does. */
export class Daemon implements AsyncDisposable {
  readonly name: string;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #isDisposed = false;

  constructor(options: DaemonOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** `main`: the command line, of this version unless another one is named. */
  start(main = MAIN): void {
    if (this.#isDisposed) return;
    this.#isWanted = true;
    const { args, env, adminPort, logFile, onDeath } = this.#options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [main, ...args, '--set', `admin.port=${adminPort}`, 'start'], {
      env: { ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (!this.#isWanted || this.#child !== child) return;
      onDeath(signal ?? `exit code ${code}`);
      setTimeout(() => {
        if (this.#isWanted && this.#child === child) this.start(main);
      }, RESTART_AFTER_MS);
    });
  }

  /** Ends it, with SIGTERM in order; resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const lastResort = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(lastResort);
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Waits until /readyz says yes; says whether it did in time. */
  async isReadyWithin(deadlineMs: number): Promise<boolean> {
    for (const until = Date.now() + deadlineMs; Date.now() < until; await delay(100)) {
      if (await this.#isReady()) return true;
    }
    return false;
  }

  /** What /readyz answers, or why it does not. */
  async readiness(): Promise<string> {
    return this.#readyz().then(
      (response) => response.text(),
      (error: Error) => error.message,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    return this.end('SIGKILL');
  }

  async #isReady(): Promise<boolean> {
    return this.#readyz().then(
      (response) => response.ok,
      () => false,
    );
  }

  #readyz(): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#options.adminPort}/readyz`, { signal: AbortSignal.timeout(2_000) });
  }
}
