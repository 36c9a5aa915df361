import { LATE_COPIES_PASSWORD, SOURCE_PASSWORD, TARGET_PASSWORD } from './passwords.ts';

const PASSWORDS = `export FRIEND_SYNC_SOURCE__PASSWORD=${SOURCE_PASSWORD} FRIEND_SYNC_TARGET__PASSWORD=${TARGET_PASSWORD} FRIEND_SYNC_LATE_COPIES_PASSWORD=${LATE_COPIES_PASSWORD}`;

/** What docs/guide.md has its reader type, and what the end-to-end test types, in this order. */
export const GUIDE = {
  /** From nothing to a file. */
  before: [
    PASSWORDS,
    'npm run --silent stack -- up',
    'npm run --silent stack -- mysql user < docs/forum/users.sql',
    'npm run --silent stack -- mysql friend < docs/forum/forum.sql',
    'eval "$(npm run --silent stack -- env forum_users forum)"',
    'friend-sync init',
  ],
  /** Waits for the daemon. */
  up: 'friend-sync up --yes',
  otherTerminal: [PASSWORDS, 'friend-sync start'],
  after: [
    `echo "UPDATE forum_users.users SET display_name = 'Änne 安' WHERE id = 7" | npm run --silent stack -- mysql user`,
    'friend-sync verify',
    'friend-sync explain 7',
    'friend-sync status',
    'friend-sync status --watch 1 | head -n 13',
    'friend-sync up --yes',
  ],
  end: 'friend-sync connectors delete --execute',
} as const;

/** All of it, as the guide shows it. */
export const GUIDE_COMMANDS: readonly string[] = [
  ...GUIDE.before,
  GUIDE.up,
  ...GUIDE.otherTerminal,
  ...GUIDE.after,
  GUIDE.end,
];
