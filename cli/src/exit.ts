import { ConfigurationError, ConnectError } from '@friend-sync/connectors';
import { SyncError } from '@friend-sync/sync-service';

/** Exit codes, as sysexits.h numbers them where it has one. */
export const EXIT = { done: 0, failed: 1, usage: 2, temporary: 75, configuration: 78 } as const;

export const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 75 a server cannot be reached now (try again), 78 wrong configuration`;

/** What an operator is told of a failure, and the exit code; a stack only for what is a bug. */
export function explain(error: unknown): { message: string; code: number } {
  if (error instanceof ConfigurationError) return { message: error.message, code: EXIT.configuration };
  if (error instanceof ConnectError)
    return { message: error.message, code: error.status === undefined ? EXIT.temporary : EXIT.failed };
  if (error instanceof SyncError && error.kind !== 'internal') {
    const { directive, hint } = error.policy;
    return {
      message: hint ? `${error.message}\n  ${hint}` : error.message,
      code: directive === 'retry' ? EXIT.temporary : EXIT.failed,
    };
  }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), code: EXIT.failed };
}
