/** Passwords of the least-privilege users of every test; the servers listen on 127.0.0.1 and end with the run. */
export const SOURCE_PASSWORD = 'test-source-password';
export const TARGET_PASSWORD = 'test-target-password';
