import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheDir } from './environment.ts';

/** A lock whose owner has not touched it for so long was left behind by a process that died. */
const ABANDONED_MS = 30_000;

/**
 * The folder `name` of the cache, made by `make` if it is not there: into a temporary folder that is renamed once it
 * is complete, so that an interrupted download is never taken for a finished one. A second process waits for the first.
 * `work` survives an interruption, for what can be resumed.
 */
export async function cached(name: string, make: (folder: string, work: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDir, name);
  if (await exists(folder)) return folder;
  await mkdir(cacheDir, { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    if (await exists(folder)) return folder;
    const [temporary, work] = [`${folder}.new`, `${folder}.work`];
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await mkdir(work, { recursive: true });
    await make(temporary, work);
    await rename(temporary, folder);
    await rm(work, { recursive: true, force: true });
    return folder;
  } finally {
    await unlock();
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw error;
    });
    if (handle) {
      const touching = setInterval(() => handle.utimes(new Date(), new Date()).catch(() => {}), ABANDONED_MS / 6);
      return async () => {
        clearInterval(touching);
        await handle.close();
        await rm(path, { force: true });
      };
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_MS) await rm(path, { force: true });
    await delay(200);
  }
}
