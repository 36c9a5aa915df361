import { test } from 'vitest';

// biome-ignore lint/style/noProcessEnv: `npm run test:long` sets it, and this is its only reader
const isLong = process.env.FRIEND_SYNC_TEST_LONG === '1';

// biome-ignore lint/style/noProcessEnv: set by `npm run test:mutations`
const isToFail = process.env.FRIEND_SYNC_TEST_SERVERS !== undefined;

/** What is awaited in a test has so long, for the slowest machine; in one that is to fail, so long that it would have come. */
export const PATIENCE_MS = isToFail ? 15_000 : 120_000;

/** The figures of `npm test`, and the full ones of `npm run test:long`. */
export const SCALE = isLong
  ? {
      copiesOfOneUser: 1_000_000,
      chunkRows: 10_000,
      kills: 80,
      restarts: 5,
      lockedMs: 300_000,
      connectKills: 3,
      barrierMs: 1_200_000,
      lookMs: 1_000,
      copyLockedMs: 60_000,
      serverKills: 5,
      awayMs: 600_000,
      brokerKills: 5,
      brokerAwayMs: 60_000,
      partAwayMs: 30_000,
      usersOfOneStatement: 100_000,
      rewoundMessages: 10_000,
      resetMessages: 100_000,
      healthyVerifies: 10,
      backfilledKeys: 20_000,
    }
  : {
      copiesOfOneUser: 8_000,
      chunkRows: 200,
      kills: 4,
      restarts: 1,
      lockedMs: 8_000,
      connectKills: 1,
      barrierMs: 120_000,
      lookMs: 50,
      copyLockedMs: 2_000,
      serverKills: 2,
      awayMs: 3_000,
      brokerKills: 1,
      brokerAwayMs: 6_000,
      partAwayMs: 8_000,
      usersOfOneStatement: 12_000,
      rewoundMessages: 1_000,
      resetMessages: 2_000,
      healthyVerifies: 2,
      backfilledKeys: 2_000,
    };

/** Of `npm run test:long` only: another test shows the same in less time. */
export const longTest = test.runIf(isLong);

/** Beyond what a test takes at the usual figures. */
export const LONG_TIMEOUT_MS = isLong ? 3_600_000 : 600_000;
