import type { Database } from '@friend-sync/sync-service';

/** What every session begins with; the last two have no value for the whole server. */
export const INIT_CONNECT = `SET NAMES latin1; SET collation_connection = latin1_bin, sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES',
  timestamp = 1, use_secondary_engine = FORCED`;

/** Variables of a server as they hurt most a client that takes them as they are. */
export const HOSTILE: Readonly<Record<string, string | number>> = {
  // What a statement means.
  sql_mode:
    'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,IGNORE_SPACE,NO_UNSIGNED_SUBTRACTION,REAL_AS_FLOAT,NO_AUTO_VALUE_ON_ZERO',
  transaction_isolation: 'READ-UNCOMMITTED',
  transaction_read_only: 1,
  autocommit: 0,
  completion_type: 'CHAIN',
  foreign_key_checks: 0,
  unique_checks: 0,
  sql_auto_is_null: 1,
  updatable_views_with_limit: 0,
  explicit_defaults_for_timestamp: 0,
  default_storage_engine: 'MyISAM',
  default_tmp_storage_engine: 'MyISAM',
  sql_require_primary_key: 1,
  sql_generate_invisible_primary_key: 1,
  show_gipk_in_create_table_and_information_schema: 0,
  sql_quote_show_create: 0,
  show_create_table_verbosity: 1,
  innodb_strict_mode: 0,
  auto_increment_increment: 7,
  auto_increment_offset: 3,
  low_priority_updates: 1,
  // Texts, numbers and times.
  character_set_server: 'latin1',
  character_set_client: 'gbk',
  character_set_connection: 'latin1',
  character_set_results: 'latin1',
  character_set_filesystem: 'utf16',
  default_collation_for_utf8mb4: 'utf8mb4_general_ci',
  time_zone: '+13:45',
  lc_time_names: 'zh_CN',
  lc_messages: 'ja_JP',
  div_precision_increment: 30,
  default_week_format: 6,
  group_concat_max_len: 4,
  print_identified_with_as_hex: 1,
  windowing_use_high_precision: 0,
  // Which rows, in which order, and how they are found.
  sql_select_limit: 1,
  max_join_size: 1,
  sql_safe_updates: 1,
  max_sort_length: 4,
  sort_buffer_size: 32_768,
  join_buffer_size: 128,
  read_buffer_size: 8_192,
  read_rnd_buffer_size: 1,
  tmp_table_size: 1_024,
  max_heap_table_size: 16_384,
  internal_tmp_mem_storage_engine: 'MEMORY',
  big_tables: 1,
  sql_buffer_result: 1,
  cte_max_recursion_depth: 0,
  range_optimizer_max_mem_size: 1,
  eq_range_index_dive_limit: 1,
  max_seeks_for_key: 1,
  max_length_for_sort_data: 4,
  optimizer_search_depth: 1,
  optimizer_prune_level: 0,
  optimizer_switch:
    'index_merge=off,index_condition_pushdown=off,batched_key_access=on,materialization=off,semijoin=off,use_index_extensions=off,derived_merge=off,use_invisible_indexes=on,skip_scan=off,hash_join=off,prefer_ordering_index=off,derived_condition_pushdown=off,subquery_to_derived=on',
  optimizer_trace: 'enabled=on',
  profiling: 1,
  information_schema_stats_expiry: 0,
  // How long, and how much.
  max_execution_time: 1,
  lock_wait_timeout: 1,
  innodb_lock_wait_timeout: 1,
  wait_timeout: 1,
  interactive_timeout: 1,
  net_read_timeout: 1,
  net_write_timeout: 1,
  net_buffer_length: 1_024,
  max_allowed_packet: 65_536,
  max_error_count: 0,
  // What is told of a session, and written to the binary log.
  session_track_gtids: 'ALL_GTIDS',
  session_track_state_change: 1,
  session_track_transaction_info: 'CHARACTERISTICS',
  session_track_system_variables: '*',
  sql_warnings: 1,
  sql_notes: 0,
  binlog_rows_query_log_events: 1,
  binlog_transaction_compression: 1,
  binlog_row_metadata: 'FULL',
};

/** Sessions that begin from now on find them so, but for those of which something else is said. */
export async function makeHostile(server: Database, but: Readonly<Record<string, undefined>> = {}): Promise<void> {
  for (const [name, value] of Object.entries({ ...HOSTILE, init_connect: INIT_CONNECT, ...but }))
    if (value !== undefined) await server.write('configuring', `SET GLOBAL ${name} = ?`, [value]);
}
