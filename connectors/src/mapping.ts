/**
 * The mapping: what the configuration file declares, resolved and validated.
 * Everything in the system (connector configs, grants, SQL, checks) is derived from these types.
 */

/** A table with its schema, as MySQL names them (unquoted). */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** One mapped column of a copy: `column` of the target table mirrors `from` of the source row. */
export interface ColumnPair {
  readonly column: string;
  readonly from: string;
}

/** One target table (by one foreign key) whose rows mirror source rows. */
export interface CopyMapping {
  /** `<table>.<foreign key>` of the target; unique within the source. Stored in cursors, shown in logs. */
  readonly id: string;
  readonly table: TableName;
  /** The target's foreign-key column: holds the key of the source row. */
  readonly key: string;
  readonly set: readonly ColumnPair[];
  /** Static SQL predicate on the copy, unqualified columns; a row that fails it is never written. */
  readonly where?: string | undefined;
  /** Unmapped columns whose change may bring in an old copy (soft-delete flags). */
  readonly watch: readonly string[];
  /** `ON UPDATE CURRENT_TIMESTAMP` columns that a fan-out leaves as they are. */
  readonly preserve: readonly string[];
}

/** What happens to the copies of a deleted source row. A copy itself is never deleted. */
export type DeletePolicy =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly set: Readonly<Record<string, string | null>> };

export interface SourceMapping {
  /** Operator's name of the source; part of our table names, so `[a-z][a-z0-9_]*`. */
  readonly name: string;
  readonly table: TableName;
  /** The source's key column, alone its primary key. */
  readonly key: string;
  /** Every mapped source column, once, sorted by name. The key is here only if it is mapped as well. */
  readonly columns: readonly string[];
  readonly copies: readonly CopyMapping[];
  readonly onDelete: DeletePolicy;
}

export interface Mapping {
  readonly sources: readonly SourceMapping[];
}
