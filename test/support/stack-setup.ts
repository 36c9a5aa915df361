import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, openStack } from '@friend-sync/local-stack';
import type { TestProject } from 'vitest/node';
import { CONNECT_ENV } from './passwords.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The data folder of the running stack: tests attach to it to stop and start its parts. */
    stackDir: string;
    kafkaBrokers: string[];
    /** Kafka's second door: who opens a proxy at `advertised`, before `port`, is between it and its clients. */
    proxiedKafka: { port: number; advertised: number };
  }
}

/** Starts the whole real stack, once for all end-to-end tests; it ends with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-e2e-'));
  const [port = 0, advertised = 0] = await freePorts(2);
  const stack = await openStack({ dataDir, proxiedKafka: { port, advertised }, connectEnv: CONNECT_ENV });
  project.provide('stackDir', dataDir);
  project.provide('kafkaBrokers', [stack.kafkaBrokers]);
  project.provide('proxiedKafka', { port, advertised });
  return async () => {
    await stack.down();
    await rm(dataDir, { recursive: true, force: true });
  };
}
