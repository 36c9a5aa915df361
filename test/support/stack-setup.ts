import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, openStack, type Stack } from '@friend-sync/local-stack';
import type { TestProject } from 'vitest/node';
import type { OwnStack } from './own-stack.ts';
import { CONNECT_ENV } from './passwords.ts';

/** Starts whole real stacks, one for each worker, once for all end-to-end tests; they end with the test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const opened: { stack: Stack; own: OwnStack }[] = [];
  const close = async () => {
    await Promise.all(
      opened.map(async ({ stack, own }) => {
        await stack.down();
        await rm(own.dataDir, { recursive: true, force: true });
      }),
    );
  };
  try {
    // The first one downloads what all need.
    opened.push(await openInTwoTries());
    const others = Array.from({ length: (project.config.maxWorkers ?? 1) - 1 }, openInTwoTries);
    const results = await Promise.allSettled(others);
    for (const result of results) if (result.status === 'fulfilled') opened.push(result.value);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  } catch (error) {
    await close();
    throw error;
  }
  project.provide(
    'stacks',
    opened.map(({ own }) => own),
  );
  return close;
}

/** A server that did not start once in hundreds of times says nothing of what is tested: it is told, and tried once more. */
async function openInTwoTries(): ReturnType<typeof openOne> {
  return openOne().catch((error: unknown) => {
    process.stderr.write(`a stack did not start, once more: ${String(error)}\n`);
    return openOne();
  });
}

async function openOne(): Promise<{ stack: Stack; own: OwnStack }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-e2e-'));
  const [port = 0, advertised = 0] = await freePorts(2);
  const proxiedKafka = { port, advertised };
  const stack = await openStack({ dataDir, proxiedKafka, connectEnv: CONNECT_ENV });
  return { stack, own: { dataDir, kafkaBrokers: stack.kafkaBrokers, proxiedKafka } };
}
