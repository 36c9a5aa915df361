import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStack } from '@friend-sync/local-stack';
import type { TestProject } from 'vitest/node';
import { CONNECT_ENV } from './passwords.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The data folder of the running stack: tests attach to it to stop and start its parts. */
    stackDir: string;
    kafkaBrokers: string[];
  }
}

/** Starts the whole real stack, once for all end-to-end tests; it ends with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-e2e-'));
  const stack = await openStack({ dataDir, connectEnv: CONNECT_ENV });
  project.provide('stackDir', dataDir);
  project.provide('kafkaBrokers', [stack.kafkaBrokers]);
  return async () => {
    await stack.down();
    await rm(dataDir, { recursive: true, force: true });
  };
}
