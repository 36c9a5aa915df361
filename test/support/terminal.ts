import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { MAIN } from './daemon.ts';

const STACK = fileURLToPath(new URL('../../local-stack/dist/main.js', import.meta.url));
const DONE = 'friend-sync-test-done';
const PATIENCE_MS = 300_000;

/**
 * What a reader of the guide has typed before: the alias, and npm, which would build what is built. The third descriptor is
 * held open by the test: whatever runs here ends with it, even if it is killed.
 */
const PREAMBLE = (stackDir: string) => `exec 2>&1
(cat <&3 > /dev/null; kill -KILL -$$) &
friend-sync() { node '${MAIN}' "$@"; }
npm() { while [ "$1" != -- ]; do shift; done; shift; node '${STACK}' "$@" --data '${stackDir}'; }
`;

/** A shell, in which one types one command after another. */
export class Terminal implements AsyncDisposable {
  readonly #shell: ChildProcess;
  #output = '';

  constructor(folder: string, stackDir: string) {
    // A group of its own, so that what it has left in the foreground ends with it.
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      detached: true,
      stdio: Array(4).fill('pipe'),
    });
    this.#shell.stdout?.on('data', (chunk) => {
      this.#output += chunk;
    });
    this.type(PREAMBLE(stackDir));
  }

  /** Everything that was printed. */
  get output(): string {
    return this.#output;
  }

  /** Does not wait for it to end. */
  type(command: string): void {
    this.#shell.stdin?.write(`${command}\n`);
  }

  /** Returns when it has ended: its exit code, and what it has printed. */
  async run(command: string): Promise<{ code: number; output: string }> {
    const from = this.#output.length;
    this.type(`${command}\necho ${DONE} $?`);
    const found = () => this.#output.slice(from).match(new RegExp(`^([\\s\\S]*?)${DONE} (\\d+)\\n`));
    const [, output = '', code] = await vi.waitUntil(found, { timeout: PATIENCE_MS, interval: 50 });
    return { code: Number(code), output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#shell;
    const ended = new Promise((resolve) => this.#shell.once('exit', resolve));
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    await ended;
  }
}
