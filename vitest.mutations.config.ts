import { defineConfig } from 'vitest/config';

/** `npm run test:mutations`: every guard is removed once, and the test that it is there for must fail. */
export default defineConfig({
  test: {
    include: ['test/mutations/*.test.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Each runs the tests in a copy of the tree, and keeps a processor busy.
    maxConcurrency: 2,
  },
});
