/**
 * What the server's configuration or its init_connect may have otherwise, so that a statement would mean another thing,
 * return other rows or texts, end early, or leave its transaction open.
 */
const PINNED = {
  transaction_isolation: "'READ-COMMITTED'",
  transaction_read_only: '0',
  autocommit: '1',
  completion_type: "'NO_CHAIN'",
  sql_mode: "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  time_zone: "'+00:00'",
  character_set_client: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  character_set_results: 'utf8mb4',
  sql_select_limit: '18446744073709551615',
  sql_big_selects: '1',
  sql_safe_updates: '0',
  max_execution_time: '0',
  // A little longer than a daemon waits for an answer: what it has given up is not to pile up behind an ALTER.
  lock_wait_timeout: '35',
};

/**
 * Who reads a table holds up an ALTER of it, and every application that comes after that: so a statement takes two
 * seconds at most, waiting for locks included, and is given up where its client takes no more rows.
 */
const READS_ONLY = {
  transaction_read_only: '1',
  max_execution_time: '2000',
  net_write_timeout: '1',
};

export interface SessionOptions {
  /** `innodb_lock_wait_timeout`. */
  readonly lockWaitSeconds?: number;
  /**
   * The server ends a session that is silent for so long, and its locks with it: a process that was frozen inside a
   * transaction must not hold up the instance that takes its work over.
   */
  readonly silenceSeconds?: number;
  /** Writes are refused, and no statement holds up the server's applications for longer than a moment. */
  readonly readsOnly?: boolean;
}

/** The statement that makes a new session ours. */
export function sessionStatement({ lockWaitSeconds, silenceSeconds, readsOnly }: SessionOptions): string {
  const variables = {
    ...PINNED,
    ...(readsOnly ? READS_ONLY : {}),
    ...(lockWaitSeconds ? { innodb_lock_wait_timeout: lockWaitSeconds } : {}),
    ...(silenceSeconds ? { wait_timeout: silenceSeconds } : {}),
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name} = ${value}`);
  return `SET SESSION ${assignments.join(', ')}`;
}
