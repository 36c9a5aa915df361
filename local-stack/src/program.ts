import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

/** Something that the machine lacks, with the command that installs it. */
export class MissingProgramError extends Error {
  constructor(problem: string, remedy: string) {
    super(`${problem}\n  ${remedy}`);
    this.name = 'MissingProgramError';
  }
}

/** What a program prints, both streams together; undefined if it cannot be run or fails. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return promisify(execFile)(command, [...args]).then(
    ({ stdout, stderr }) => stdout + stderr,
    () => undefined,
  );
}

/** Runs a program to its end; fails with its last lines if it does. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; onLine?: (line: string) => void } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const listen = (chunk: Buffer) => {
      tail = (tail + chunk).slice(-4_000);
      for (const line of String(chunk).split('\n')) if (line.trim()) options.onLine?.(line.trim());
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} failed (exit ${code}):\n${tail.trim()}`)),
    );
  });
}
