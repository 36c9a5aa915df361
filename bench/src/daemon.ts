import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { System } from '@friend-sync/demo';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const READY_MS = 60_000;

/** Runs `friend-sync start` in a process of its own and returns when /readyz says yes. */
export async function startDaemon({ args, env }: System['commandLine']): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [MAIN, ...args, 'start'], {
    env: { ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    void exited.then(([code]) => reject(new Error(`the daemon ended with ${code}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = line.match(/"port":(\d+)/)?.[1];
      if (found) resolve(Number(found));
    });
  });
  for (const until = Date.now() + READY_MS; !(await isReady(port)); await delay(100)) {
    if (Date.now() > until) throw new Error('the daemon is not ready');
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
}
