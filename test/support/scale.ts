// biome-ignore lint/style/noProcessEnv: `npm run test:long` sets it, and this is its only reader
const isLong = process.env.FRIEND_SYNC_TEST_LONG === '1';

/** The figures of `npm test`, and the full ones of `npm run test:long`. */
export const SCALE = isLong
  ? {
      copiesOfOneUser: 1_000_000,
      chunkRows: 10_000,
      kills: 80,
      restarts: 5,
      lockedMs: 300_000,
      connectKills: 3,
      brokerKills: 5,
      awayMs: 60_000,
      usersOfOneStatement: 100_000,
      rewoundMessages: 10_000,
    }
  : {
      copiesOfOneUser: 8_000,
      chunkRows: 200,
      kills: 4,
      restarts: 1,
      lockedMs: 8_000,
      connectKills: 1,
      brokerKills: 1,
      awayMs: 8_000,
      usersOfOneStatement: 20_000,
      rewoundMessages: 1_000,
    };

/** Beyond what a test takes at the usual figures. */
export const LONG_TIMEOUT_MS = isLong ? 3_600_000 : 180_000;
