import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Installation } from '@friend-sync/demo';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const READY_MS = 60_000;
/** A daemon that has just heard of a stream proofreads 2,000 keys a second of it for a minute, and then as it is set. */
export const PROBATION_MS = 65_000;
/** No round of the patrol comes during a measurement. */
export const NO_PATROL = { 'patrol.intervalSeconds': 86_400 };

export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  /** The most memory that it has had resident at once. */
  peakMegabytes(): number;
  /** kill -9; returns when it is gone. */
  kill(): Promise<void>;
}

/** Runs `friend-sync start` in a process of its own, with other settings if need be, and returns when /readyz says yes. */
export async function startDaemon(
  { args, env }: Installation['commandLine'],
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Daemon> {
  const set = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const child = spawn(process.execPath, [MAIN, ...args, ...set, 'start'], {
    env: { ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal);
    await exited;
  };
  const port = await new Promise<number>((resolve, reject) => {
    void exited.then(([code]) => reject(new Error(`the daemon ended with ${code}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = line.match(/"port":(\d+)/)?.[1];
      if (found) resolve(Number(found));
    });
  });
  for (const until = Date.now() + READY_MS; !(await isReady(port)); await delay(100)) {
    if (Date.now() < until) continue;
    await end('SIGKILL');
    throw new Error('the daemon is not ready');
  }
  return {
    pid: child.pid ?? 0,
    peakMegabytes() {
      const [, kilobytes] = readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/^VmHWM:\s+(\d+)/m) ?? [];
      return Math.round(Number(kilobytes) / 1024);
    },
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
}
