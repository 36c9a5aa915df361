import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { inherited } from './environment.ts';
import type { Launch } from './part.ts';

/** A process that may outlive us: its id, and when it began, so that a recycled id is never taken for it. */
export interface ProcessId {
  readonly pid: number;
  readonly began: string;
}

/** A log that is longer is put aside when its server starts, in the place of the one before. */
const LONGEST_LOG = 10_000_000;

/** Starts a server in a session of its own, its output appended to `logFile`. */
export function launch(
  { command, args, env }: Launch,
  cwd: string,
  logFile: string,
): { child: ChildProcess; id: ProcessId | undefined } {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LONGEST_LOG) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, [...args], {
    cwd,
    env: { ...inherited, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  child.on('error', () => {});
  const began = child.pid === undefined ? undefined : beginOf(child.pid);
  return { child, id: child.pid !== undefined && began !== undefined ? { pid: child.pid, began } : undefined };
}

export function isAlive({ pid, began }: ProcessId): boolean {
  return beginOf(pid) === began;
}

/** Sends a signal to the process, if it is still that one. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (isAlive(id)) process.kill(id.pid, name);
}

/** Asks the process to end, and kills it if it has not after `graceMs`. Returns when it is gone. */
export async function end(id: ProcessId, name: NodeJS.Signals, graceMs: number): Promise<void> {
  signal(id, name);
  const until = Date.now() + graceMs;
  while (isAlive(id)) {
    if (Date.now() > until) signal(id, 'SIGKILL');
    await delay(20);
  }
}

/** Start time in clock ticks since boot (field 22 of proc(5) stat); a zombie counts as gone. */
function beginOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Proportional memory of a process in bytes: what it adds to the machine's use. */
export function memoryOf({ pid }: Pick<ProcessId, 'pid'>): number {
  try {
    const [, kilobytes] = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
