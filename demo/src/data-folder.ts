import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attachStack, PART_NAMES } from '@friend-sync/local-stack';

const STACKS = fileURLToPath(new URL('../../.stack', import.meta.url));

/** A folder for the stack of one run, on the disk of this clone; those of runs of this kind that were killed are removed. */
export async function newDataFolder(kind: string): Promise<string> {
  await mkdir(STACKS, { recursive: true });
  for (const name of (await readdir(STACKS)).filter((name) => name.startsWith(`${kind}-`))) {
    const folder = join(STACKS, name);
    const stack = attachStack(folder);
    // Without a state file it may be one that is just being made.
    if (stack && PART_NAMES.every((part) => stack.pid(part) === undefined))
      await rm(folder, { recursive: true, force: true });
  }
  return mkdtemp(join(STACKS, `${kind}-`));
}
