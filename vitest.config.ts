import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (workspace: string) => fileURLToPath(new URL(`./${workspace}/src/index.ts`, import.meta.url));

/** Tests run against the sources, so that `npm run test:unit` needs no build. */
const alias = Object.fromEntries(
  ['connectors', 'sync-service', 'local-stack', 'cli'].map((name) => [`@friend-sync/${name}`, source(name)]),
);

/** Two cores: what waits for a server most of the time may be more at once. */
const WORKERS = 2;
const SERVERS = 4;
const SYSTEMS = 3;

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.mysql.test.ts', '**/*.e2e.test.ts', 'test/mutations/**', '**/node_modules/**'],
          // Some start the command, which takes seconds on a machine that has other work.
          testTimeout: 60_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'mysql',
          include: ['*/src/**/*.mysql.test.ts', 'test/**/*.mysql.test.ts'],
          globalSetup: 'test/support/mysql-setup.ts',
          // Only a hang takes so long, on the slowest machine.
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: SERVERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'e2e',
          include: ['*/src/**/*.e2e.test.ts', 'test/**/*.e2e.test.ts'],
          globalSetup: 'test/support/stack-setup.ts',
          setupFiles: 'test/support/tell-daemons.ts',
          // Each worker has a stack to itself.
          maxWorkers: SYSTEMS,
          // Only a hang takes so long, on the slowest machine.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
