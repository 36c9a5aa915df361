import type { Secret } from '@friend-sync/connectors';
import { type ErrorKind, SyncError, toSyncError } from '../../../errors.ts';

const UNCONVERTIBLE = 'ER_CANNOT_CONVERT_STRING';
/** The user, or its password. */
const REJECTED = ['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'];
const TOO_LARGE = 'ER_NET_PACKET_TOO_LARGE';
/** By max_binlog_cache_size, and by parser_max_mem_size. */
const TOO_MUCH = [
  'ER_TRANS_CACHE_FULL',
  'ER_STMT_CACHE_FULL',
  'ER_CAPACITY_EXCEEDED',
  'ER_CAPACITY_EXCEEDED_IN_PARSER',
];

/** MySQL and mysql2 error codes, by what the service does about them. The lists stay narrow: unknown means `internal`, which halts. */
const KIND_OF_CODE: Readonly<Record<string, ErrorKind>> = Object.fromEntries(
  Object.entries({
    store_contended: [
      'ER_LOCK_DEADLOCK',
      'ER_LOCK_WAIT_TIMEOUT',
      'ER_LOCK_NOWAIT',
      'ER_LOCK_TABLE_FULL',
      'ER_TABLE_DEF_CHANGED',
      'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
    ],
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
      'ER_NEW_ABORTING_CONNECTION',
      'ER_SERVER_OFFLINE_MODE',
      'ER_ERROR_DURING_COMMIT',
      'ER_RUN_HOOK_ERROR',
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
      'ER_ERROR_ON_READ',
      'ER_OUTOFMEMORY',
      'ER_OUT_OF_RESOURCES',
      'ER_TOO_MANY_CONCURRENT_TRXS',
      'ER_BINLOG_LOGGING_IMPOSSIBLE',
      'ER_INNODB_READ_ONLY',
      'ER_INNODB_FORCED_RECOVERY',
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
      TOO_LARGE,
      ...TOO_MUCH,
    ],
    store_misconfigured: [
      ...REJECTED,
      'ER_DBACCESS_DENIED_ERROR',
      'ER_TABLEACCESS_DENIED_ERROR',
      'ER_COLUMNACCESS_DENIED_ERROR',
      'ER_SPECIFIC_ACCESS_DENIED_ERROR',
      'ER_ACCOUNT_HAS_BEEN_LOCKED',
      'ER_MUST_CHANGE_PASSWORD',
      'ER_MUST_CHANGE_PASSWORD_LOGIN',
      'ER_SECURE_TRANSPORT_REQUIRED',
      'ER_UNKNOWN_SYSTEM_VARIABLE',
      'ER_BAD_DB_ERROR',
      'ER_NO_SUCH_TABLE',
      'ER_BAD_FIELD_ERROR',
      'ER_KEY_DOES_NOT_EXITS',
      'ER_PROCACCESS_DENIED_ERROR',
      'ER_SP_DOES_NOT_EXIST',
      'ER_NO_SUCH_USER',
      'ER_OPEN_AS_READONLY',
      'ER_WRONG_OBJECT',
      'ER_NON_UPDATABLE_TABLE',
      'ER_VIEW_INVALID',
      'ER_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN',
      'ER_GTID_UNSAFE_NON_TRANSACTIONAL_TABLE',
      'ER_TABLESPACE_MISSING',
      'ER_TABLESPACE_DISCARDED',
      'ER_TABLE_CORRUPT',
      'ER_NOT_KEYFILE',
      'ER_CRASHED_ON_USAGE',
      'ER_CRASHED_ON_REPAIR',
    ],
  } satisfies Partial<Record<ErrorKind, string[]>>).flatMap(([kind, codes]) => codes.map((code) => [code, kind])),
) as Record<string, ErrorKind>;

/** What is no value, at the end of MySQL's English texts: the column, index or constraint that a row was refused for. */
const SUBJECTS: readonly (readonly [text: RegExp, what: string])[] = [
  [/ for column '([^']+)' at row \d+$/, 'column'],
  [/^Column '([^']+)' cannot be null$/, 'column'],
  [/ for key '([^']+)'$/, 'index'],
  [/^Check constraint '([^']+)' is violated\.$/, 'constraint'],
  [/, CONSTRAINT `([^`]+)` FOREIGN KEY /, 'constraint'],
];

/** What the server has said, without a value of a row. */
interface Answer {
  /** The error's name, or its number where mysql2 knows none. */
  readonly code: string;
  readonly subject: string | undefined;
}

/**
 * Classifies what mysql2 threw. The message keeps the code, what was being done and what was refused, never MySQL's own
 * text where that may quote a row's value (1406, 1366 and their kin do).
 */
export function toStoreError(error: unknown, doing: string): SyncError {
  if (error instanceof SyncError) return error;
  const { code, errno, fatal, message, sqlState } = error as MysqlError;
  const kind = (code && KIND_OF_CODE[code]) || (fatal ? 'store_unavailable' : 'internal');
  // What is refused or unexpected may be quoted in MySQL's text and in the statement, so neither goes further.
  if (kind === 'store_refused' || kind === 'internal') {
    const subject = kind === 'store_refused' ? subjectOf(code, message) : undefined;
    const answer: Answer | undefined = sqlState ? { code: code ?? String(errno), subject } : undefined;
    const place = subject ? ` (${subject})` : '';
    return new SyncError(kind, `${doing}: ${answer?.code ?? code ?? 'unexpected error'}${place}`, { cause: answer });
  }
  return new SyncError(kind, `${doing}: ${[code, message].filter(Boolean).join(': ')}`, { cause: error });
}

interface MysqlError {
  readonly code?: string;
  readonly errno?: number;
  readonly fatal?: boolean;
  readonly message?: string;
  /** Only the server says it. */
  readonly sqlState?: string;
}

function subjectOf(code: string | undefined, message = ''): string | undefined {
  // A trigger says what it likes.
  if (code === 'ER_SIGNAL_EXCEPTION') return undefined;
  for (const [text, what] of SUBJECTS) {
    const name = text.exec(message)?.[1];
    if (name) return `${what} ${name}`;
  }
  return undefined;
}

/** The same of a server that is only read, told as its own trouble and by its name, not as the friend database's. */
export function toSourceError(error: unknown, doing: string, name: string): SyncError {
  const fault = toStoreError(error, doing);
  const { kind, message, cause } = fault;
  if (kind === 'store_misconfigured') return new SyncError('contract_broken', `${name} refuses: ${message}`, { cause });
  if (!kind.startsWith('store_')) return fault;
  return new SyncError('user_database_unavailable', `${name}: ${message}`, { cause });
}

/** Where one logs in, and the part of the settings that says how. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret;
  readonly part: 'source' | 'target';
}

/** The same fault; where the server has rejected the user or its password, with both, and with the settings to correct. */
export function ofLogin(fault: SyncError, { host, port, user, password, part }: Login): SyncError {
  if (!isRejected(fault)) return fault;
  const variable = `FRIEND_SYNC_${part.toUpperCase()}__PASSWORD`;
  // Passwords are not in the file, and one that was forgotten looks like a wrong one.
  const isGiven = password.reveal() !== '';
  const remedy = isGiven ? `correct ${variable}, or ${part}.user` : `no password was given, set ${variable}`;
  return new SyncError(fault.kind, `${fault.message}: ${host}:${port} has rejected the user ${user} or its password`, {
    cause: fault.cause,
    hint: `${remedy}; friend-sync grants prints the SQL that makes the user`,
  });
}

/** Means that the mapping's SQL and the table do not go together, where it is said of a target. Elsewhere it is a bug. */
const UNFIT_CODES = [
  'ER_PARSE_ERROR',
  'ER_NON_UNIQ_ERROR',
  'ER_CANT_AGGREGATE_2COLLATIONS',
  'ER_CANT_AGGREGATE_NCOLLATIONS',
  'ER_INVALID_GROUP_FUNC_USE',
  'ER_WRONG_USAGE',
];

const REMEDY_OF_CODE: Readonly<Record<string, string>> = {
  ER_DATA_TOO_LONG: 'the value is too long: widen the column, or shorten the value',
  ER_TRUNCATED_WRONG_VALUE: 'the value ends in white space that does not fit: widen the column, or shorten the value',
  ER_WARN_DATA_OUT_OF_RANGE: 'the value is out of its range: widen the column, or change the value',
  ER_BAD_NULL_ERROR: 'the value is NULL: let the column be NULL, or give the source row a value',
  ER_DUP_ENTRY: 'another copy holds the value, which must be unique',
  ER_CHECK_CONSTRAINT_VIOLATED: 'the constraint forbids the value',
  ER_NO_REFERENCED_ROW_2: 'no row has the value that the constraint refers to',
  [UNCONVERTIBLE]: 'its character set cannot hold the value: convert it to utf8mb4',
  ER_SIGNAL_EXCEPTION: 'a trigger refuses the row',
  ER_TRANS_CACHE_FULL: "the server's max_binlog_cache_size is smaller than the key's copies: raise it",
};

/**
 * The same of what writes the copies in one table, told by the table's name: what the table as a whole is not fit for is the
 * copy's fault alone, and any other answer of the server is about the rows that were being written.
 */
export function toCopyFault(error: unknown, table: string): SyncError {
  const fault = toSyncError(error);
  const { kind, message, cause } = fault;
  const answer = answerOf(fault);
  if (kind === 'store_misconfigured' || (answer && UNFIT_CODES.includes(answer.code)))
    return new SyncError('copy_unfit', `${table}: ${message}`, { cause });
  if (!answer) return fault;
  const { code, subject } = answer;
  const remedy = REMEDY_OF_CODE[code] ?? 'the server refuses the row';
  return new SyncError('store_refused', `${table}${subject ? `, ${subject}` : ''}: ${code}: ${remedy}`, { cause });
}

/** The same of what writes the mirror, told by the source's column. */
export function toMirrorFault(error: unknown): SyncError {
  const fault = toSyncError(error);
  const { code, subject } = answerOf(fault) ?? {};
  const [, column] = /^column v_(.+)$/.exec(subject ?? '') ?? [];
  if (!column) return fault;
  const problem = `the mirror's column of ${column} cannot hold the value (${code}); friend-sync migrate widens the mirror`;
  return new SyncError(fault.kind, problem, { cause: fault.cause });
}

/** The same of a condition that somebody has given over these columns: what the server says against it is theirs to correct, and no bug. */
export function toConditionFault(error: unknown, columns: readonly string[]): SyncError {
  const fault = toSyncError(error);
  if (fault.kind !== 'contract_broken' && !answerOf(fault)) return fault;
  const hint = `correct the condition: SQL by the columns ${columns.join(', ')}, without the name of their table`;
  return new SyncError('contract_broken', fault.message, { cause: fault.cause, hint });
}

/** What the server has refused, or failed at for a reason that nobody has listed. */
function answerOf({ kind, cause }: SyncError): Answer | undefined {
  return kind === 'store_refused' || kind === 'internal' ? (cause as Answer | undefined) : undefined;
}

/** The server, or this way to it, does not serve. */
export function isUnavailable({ kind }: SyncError): boolean {
  return kind === 'store_unavailable' || kind === 'user_database_unavailable';
}

/** A statement holds a character that the column which it is compared with cannot hold. */
export function isUnconvertible(error: unknown): boolean {
  return codeOf(error) === UNCONVERTIBLE;
}

/** The server does not know the user, or not by this password. */
export function isRejected(error: unknown): boolean {
  return REJECTED.includes(codeOf(error) ?? '');
}

/** The server has ended a statement that took longer than it may. */
export function isOutOfTime(error: unknown): boolean {
  return codeOf(error) === 'ER_QUERY_TIMEOUT';
}

/** Statements that are not sent at all: the server would answer and close the connection, and the answer may not arrive. */
export function tooLarge(doing: string, bytes: number, most: number): SyncError {
  const problem = `${bytes} bytes are more than the server's max_allowed_packet, ${most}`;
  return new SyncError('store_refused', `${doing}: ${TOO_LARGE}: ${problem}`, { cause: { code: TOO_LARGE } });
}

/** Less at once may not be too large. */
export function isTooLarge(error: unknown): boolean {
  return [TOO_LARGE, ...TOO_MUCH].includes(codeOf(error) ?? '');
}

/** Another row has a value that must be unique. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === 'ER_DUP_ENTRY';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SyncError ? (error.cause as { code?: string } | undefined)?.code : undefined;
}
