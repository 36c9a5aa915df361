import { type ErrorKind, SyncError } from '../../errors.ts';

const UNCONVERTIBLE = 'ER_CANNOT_CONVERT_STRING';

/** MySQL and mysql2 error codes, by what the service does about them. The lists stay narrow: unknown means `internal`, which halts. */
const KIND_OF_CODE: Readonly<Record<string, ErrorKind>> = Object.fromEntries(
  Object.entries({
    store_contended: ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_NOWAIT'],
    store_unavailable: [
      'PROTOCOL_CONNECTION_LOST',
      'PROTOCOL_SEQUENCE_TIMEOUT',
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'HANDSHAKE_NO_SSL_SUPPORT',
      'ER_SERVER_SHUTDOWN',
      'ER_NORMAL_SHUTDOWN',
      'ER_CON_COUNT_ERROR',
      'ER_TOO_MANY_USER_CONNECTIONS',
      'ER_USER_LIMIT_REACHED',
      'ER_OPTION_PREVENTS_STATEMENT',
      'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
      'ER_READ_ONLY_MODE',
      'ER_CONNECTION_KILLED',
      'ER_QUERY_INTERRUPTED',
      'ER_QUERY_TIMEOUT',
      'ER_CLIENT_INTERACTION_TIMEOUT',
      'ER_RECORD_FILE_FULL',
      'ER_DISK_FULL',
      'ER_DISK_FULL_NOWAIT',
      'ER_ERROR_ON_WRITE',
    ],
    store_refused: [
      'ER_DATA_TOO_LONG',
      'ER_BAD_NULL_ERROR',
      'ER_WARN_DATA_OUT_OF_RANGE',
      'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
      'ER_TRUNCATED_WRONG_VALUE',
      'WARN_DATA_TRUNCATED',
      UNCONVERTIBLE,
      'ER_CHECK_CONSTRAINT_VIOLATED',
      'ER_NO_REFERENCED_ROW_2',
      'ER_DUP_ENTRY',
      'ER_SIGNAL_EXCEPTION',
      'ER_NET_PACKET_TOO_LARGE',
    ],
    store_misconfigured: [
      'ER_ACCESS_DENIED_ERROR',
      'ER_DBACCESS_DENIED_ERROR',
      'ER_TABLEACCESS_DENIED_ERROR',
      'ER_COLUMNACCESS_DENIED_ERROR',
      'ER_SPECIFIC_ACCESS_DENIED_ERROR',
      'ER_ACCOUNT_HAS_BEEN_LOCKED',
      'ER_BAD_DB_ERROR',
      'ER_NO_SUCH_TABLE',
      'ER_BAD_FIELD_ERROR',
      'ER_KEY_DOES_NOT_EXITS',
    ],
  } satisfies Partial<Record<ErrorKind, string[]>>).flatMap(([kind, codes]) => codes.map((code) => [code, kind])),
) as Record<string, ErrorKind>;

/**
 * Classifies what mysql2 threw. The message keeps the code and what was being done, never MySQL's own text where that
 * may quote a row's value (1406, 1366 and their kin do).
 */
export function toStoreError(error: unknown, doing: string): SyncError {
  if (error instanceof SyncError) return error;
  const { code, fatal, message } = error as { code?: string; fatal?: boolean; message?: string };
  const kind = (code && KIND_OF_CODE[code]) || (fatal ? 'store_unavailable' : 'internal');
  // What is refused or unexpected may be quoted in MySQL's text and in the statement, so neither goes further.
  if (kind === 'store_refused' || kind === 'internal')
    return new SyncError(kind, `${doing}: ${code ?? 'unexpected error'}`);
  return new SyncError(kind, `${doing}: ${[code, message, remedyOf(message)].filter(Boolean).join(': ')}`, {
    cause: error,
  });
}

/** Passwords are not in the file, and one that was forgotten looks like a wrong one. */
function remedyOf(message = ''): string | undefined {
  if (!message.includes('using password: NO')) return undefined;
  return 'no password was given, set FRIEND_SYNC_SOURCE__PASSWORD and FRIEND_SYNC_TARGET__PASSWORD';
}

/** The same of a server that is only read, told as its own trouble and by its name, not as the friend database's. */
export function toSourceError(error: unknown, doing: string, name: string): SyncError {
  const fault = toStoreError(error, doing);
  const { kind, message, cause } = fault;
  if (kind === 'store_misconfigured') return new SyncError('contract_broken', `${name} refuses: ${message}`, { cause });
  if (!kind.startsWith('store_')) return fault;
  return new SyncError('user_database_unavailable', `${name}: ${message}`, { cause });
}

/** The server, or this way to it, does not serve. */
export function isUnavailable({ kind }: SyncError): boolean {
  return kind === 'store_unavailable' || kind === 'user_database_unavailable';
}

/** A statement holds a character that the column which it is compared with cannot hold. */
export function isUnconvertible(error: unknown): boolean {
  return error instanceof SyncError && error.message.endsWith(`: ${UNCONVERTIBLE}`);
}

/** The server has ended a statement that took longer than it may. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof SyncError && (error.cause as { code?: string } | undefined)?.code === 'ER_QUERY_TIMEOUT';
}
