/**
 * What the server's configuration or its init_connect may have otherwise, so that a statement would mean another thing,
 * return other rows or texts, end early, read whole tables, or leave its transaction open. What is not here does no harm,
 * or cannot be set by who is no administrator (docs/decisions/0024).
 */
const PINNED = {
  // Transactions.
  transaction_isolation: "'READ-COMMITTED'",
  transaction_read_only: '0',
  autocommit: '1',
  completion_type: "'NO_CHAIN'",
  foreign_key_checks: '1',
  unique_checks: '1',
  default_storage_engine: "'InnoDB'",
  use_secondary_engine: "'OFF'",
  // Texts and times. Dates that only an application's sql_mode allows are copied, compared and kept as they are.
  sql_mode: "'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  character_set_client: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  character_set_results: 'utf8mb4',
  collation_connection: 'utf8mb4_0900_ai_ci',
  time_zone: "'+00:00'",
  // What is refused is read out of its English text.
  lc_messages: "'en_US'",
  // Which rows, and in which order: by the whole of the longest key.
  sql_select_limit: '18446744073709551615',
  sql_big_selects: '1',
  sql_safe_updates: '0',
  sql_auto_is_null: '0',
  max_sort_length: '16384',
  sort_buffer_size: '1048576',
  // By the index: for a list of keys that needs more memory than the first of them allows, the whole table is read. Without
  // what the second says, MySQL's own views of tables and columns are read for 12 s each.
  range_optimizer_max_mem_size: '0',
  optimizer_switch:
    "'derived_merge=on,materialization=on,semijoin=on,index_condition_pushdown=on,use_index_extensions=on,hash_join=on,batched_key_access=off,use_invisible_indexes=off,skip_scan=on,index_merge=on'",
  optimizer_search_depth: '62',
  optimizer_prune_level: '1',
  // How long. Of locks of tables a little longer than a daemon waits for an answer: what it has given up is not to pile
  // up behind an ALTER.
  max_execution_time: '0',
  lock_wait_timeout: '35',
  innodb_lock_wait_timeout: '50',
  wait_timeout: '28800',
  net_read_timeout: '30',
  net_write_timeout: '60',
};

/** The same of what MySQL 8.0.19 does not know yet, in a statement of its own: one that names a variable twice goes by the last. */
const PINNED_SINCE = `SET SESSION timestamp = DEFAULT /*!80030 , show_gipk_in_create_table_and_information_schema = 1,
  optimizer_switch = 'prefer_ordering_index=on,derived_condition_pushdown=on,subquery_to_derived=off' */`;

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

/** What makes a new session ours, and asks for the one limit that nobody can set for a session. */
export function sessionStatement({ lockWaitSeconds, silenceSeconds, readsOnly }: SessionOptions): string {
  const variables = {
    ...PINNED,
    ...(readsOnly ? READS_ONLY : {}),
    ...(lockWaitSeconds ? { innodb_lock_wait_timeout: lockWaitSeconds } : {}),
    ...(silenceSeconds ? { wait_timeout: silenceSeconds } : {}),
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name} = ${value}`);
  return `SET SESSION ${assignments.join(', ')}; ${PINNED_SINCE}; SELECT @@max_allowed_packet AS packetBytes`;
}
