/** Passwords of the least-privilege users of every test; the servers listen on 127.0.0.1 and end with the run. */
export const SOURCE_PASSWORD = 'test-source-password';
export const TARGET_PASSWORD = 'test-target-password';
export const LATE_COPIES_PASSWORD = 'test-late-copies-password';
/** What Kafka Connect is to know. */
export const CONNECT_ENV = {
  FRIEND_SYNC_SOURCE__PASSWORD: SOURCE_PASSWORD,
  FRIEND_SYNC_LATE_COPIES_PASSWORD: LATE_COPIES_PASSWORD,
};
