import type { CopyMapping, Mapping, PrimaryKeys } from '@friend-sync/connectors';
import { isInteger } from '../../../domain/column-types.ts';
import type { KeyKind } from '../../../domain/source-schema.ts';
import { toSyncError } from '../../../errors.ts';
import { type Database, quoted, type Row } from '../server/database.ts';
import { valueColumn } from '../state/mirror-table.ts';
import { type TargetColumn, toTargetColumn } from './target-column.ts';
import { misfit } from './value-fit.ts';

/** What our SQL takes for granted of a target table, as it stands in the database (docs/decisions/0019). */
export interface TargetTable {
  readonly copy: CopyMapping;
  readonly columns: ReadonlyMap<string, TargetColumn>;
  readonly primaryKey: readonly string[];
  /** An index that the foreign key leads, or undefined. */
  readonly index: string | undefined;
  readonly engine: string | undefined;
  readonly isView: boolean;
  /** As the server spells it, `database.table`. */
  readonly name: string | undefined;
  readonly triggers: readonly string[];
  /** Another table of the same shape that took its place has another. */
  readonly createdAt: string;
  /** What the server says against the mapping's `where`; undefined: nothing. */
  readonly whereProblem: string | undefined;
}

/** Reads a target table from `information_schema`; `columns` is empty where there is no such table. */
export async function readTargetTable(target: Database, copy: CopyMapping): Promise<TargetTable> {
  const { database, table } = copy.table;
  const doing = `reading the definition of ${database}.${table}`;
  const of = (view: string, select: string, schemaColumn = 'table_schema', tableColumn = 'table_name', tail = '') =>
    target.rows(
      doing,
      `SELECT ${select} FROM information_schema.${view} WHERE ${schemaColumn} = ? AND ${tableColumn} = ? ${tail}`,
      [database, table],
    );
  const columns = await of(
    'columns',
    `column_name AS name, data_type AS dataType, column_type AS columnType, character_maximum_length AS maxLength,
     character_set_name AS charset, collation_name AS collation, extra AS extra, privileges AS rights`,
    undefined,
    undefined,
    'ORDER BY ordinal_position',
  );
  const indexes = await of(
    'statistics',
    'index_name AS name, seq_in_index AS seq, column_name AS col, sub_part AS prefix, index_type AS type, is_visible AS visible',
    undefined,
    undefined,
    'ORDER BY index_name, seq_in_index',
  );
  const tables = await of(
    'tables',
    "engine AS engine, table_type AS type, CONCAT(table_schema, '.', table_name) AS name, create_time AS createdAt",
  );
  const triggers = await of(
    'triggers',
    'trigger_name AS name',
    'event_object_schema',
    'event_object_table',
    "AND event_manipulation = 'UPDATE' ORDER BY trigger_name",
  );
  return {
    copy,
    columns: new Map(columns.map((row) => [row.name as string, toTargetColumn(row)])),
    primaryKey: indexes.filter((row) => row.name === 'PRIMARY').map((row) => row.col as string),
    index: leadingIndex(indexes, copy.key),
    engine: tables[0]?.engine as string | undefined,
    isView: tables[0]?.type === 'VIEW',
    name: tables[0]?.name as string | undefined,
    triggers: triggers.map((row) => row.name as string),
    createdAt: String(tables[0]?.createdAt),
    whereProblem: columns.length > 0 ? await readWhereProblem(target, copy) : undefined,
  };
}

/** Has the server read the predicate, without running it. */
async function readWhereProblem(target: Database, { table, where }: CopyMapping): Promise<string | undefined> {
  if (!where) return undefined;
  const sql = `EXPLAIN SELECT 1 FROM ${quoted(table.database, table.table)} AS f WHERE (${where})`;
  try {
    await target.rows('reading `where`', sql);
    return undefined;
  } catch (error) {
    const { kind, policy, message } = toSyncError(error);
    if (policy.directive === 'retry' || kind === 'aborted') throw error;
    return message;
  }
}

/** The primary keys of the mapping's target tables. */
export async function readPrimaryKeys(target: Database, { sources }: Mapping): Promise<PrimaryKeys> {
  const copies = sources.flatMap((source) => source.copies);
  const tables = await Promise.all(copies.map((copy) => readTargetTable(target, copy)));
  const keys = new Map(
    tables.map(({ copy, primaryKey }) => [quoted(copy.table.database, copy.table.table), primaryKey]),
  );
  return ({ database, table }) => keys.get(quoted(database, table)) ?? [];
}

/** The columns of the primary key, in its order. */
export function primaryKeyOf({ columns, primaryKey }: TargetTable): TargetColumn[] {
  return primaryKey.map((name) => columns.get(name)).filter((column) => column !== undefined);
}

/** The shortest usable index that begins with the column: the fewest bytes to read for a covering scan. */
function leadingIndex(indexes: readonly Row[], column: string): string | undefined {
  const leads = indexes.filter(
    (row) =>
      Number(row.seq) === 1 &&
      row.col === column &&
      row.prefix === null &&
      row.type === 'BTREE' &&
      row.visible === 'YES',
  );
  const length = (name: unknown) =>
    name === 'PRIMARY' ? Number.MAX_SAFE_INTEGER : indexes.filter((row) => row.name === name).length;
  return leads.map((row) => row.name as string).sort((a, b) => length(a) - length(b))[0];
}

const KEY_TYPES: Readonly<Record<KeyKind, (column: TargetColumn) => boolean>> = {
  integer: isInteger,
  unsigned: isInteger,
  string: (column) => column.dataType === 'varchar' || column.dataType === 'char',
};

/** Everything that would make a copy wrong or slow, each with its remedy; empty: all is well. `mirrorTypes` are by the mirror's columns. */
export function checkTarget(
  target: TargetTable,
  keyKind: KeyKind | undefined,
  mirrorTypes: ReadonlyMap<string, string>,
): string[] {
  const { copy, columns } = target;
  const table = `${copy.table.database}.${copy.table.table}`;
  if (columns.size === 0) return [`${table}: no such table, or no SELECT on it; see friend-sync grants`];
  // The binary log, and so the late copies' connector, has the server's spelling.
  if (target.name !== table) return [`${table}: the server spells it ${target.name}; write it so in the mapping`];
  if (target.isView) return [`${table}: is a view, without keys and indexes of its own; map the table behind it`];
  const named = [copy.key, ...copy.set.map((pair) => pair.column), ...copy.preserve, ...copy.watch];
  const problems = named
    .filter((name) => !columns.has(name))
    .map(
      (name) => `${table}.${name}: no such column, or no right on it; correct the mapping, or see friend-sync grants`,
    );
  problems.push(...rightProblems(target));
  const key = columns.get(copy.key);
  if (key && keyKind && !KEY_TYPES[keyKind](key)) {
    problems.push(
      `${table}.${copy.key}: ${key.columnType} cannot hold the source's ${keyKind} key; give both the same type`,
    );
  }
  if (target.engine && target.engine !== 'InnoDB')
    problems.push(
      `${table}: engine ${target.engine} has no transactions; ALTER TABLE ${quoted(copy.table.database, copy.table.table)} ENGINE = InnoDB`,
    );
  if (target.primaryKey.length === 0) problems.push(`${table}: has no primary key; give it one`);
  if (key && !target.index) {
    problems.push(
      `${table}.${copy.key}: no index begins with it; ALTER TABLE ${quoted(copy.table.database, copy.table.table)} ADD INDEX (${quoted(copy.key)})`,
    );
  }
  for (const { column, from } of copy.set) {
    const definition = columns.get(column);
    const mirrorType = mirrorTypes.get(valueColumn(from));
    const problem = definition && mirrorType && misfit(definition, mirrorType);
    if (problem) problems.push(`${table}.${column}: ${problem}`);
    if (definition?.isGenerated)
      problems.push(`${table}.${column}: is a generated column, which nobody can write; map what it is generated from`);
  }
  const ambiguous = [...columns.keys()].filter((name) => /^(k|[vu]_.*|fs_.*)$/.test(name));
  if (copy.where && ambiguous.length) {
    problems.push(
      `${table}: \`where\` cannot be used, ${ambiguous.join(', ')} could also mean the mirror's column; remove \`where\``,
    );
  }
  if (target.whereProblem) problems.push(`${table}: \`where\` is refused (${target.whereProblem}); correct it`);
  return problems;
}

/** What the statements read, and write, and our user may not. */
function rightProblems({ copy, columns, primaryKey }: TargetTable): string[] {
  const written = [...copy.set.map(({ column }) => column), ...copy.preserve];
  const wanted = { select: [copy.key, ...primaryKey, ...written], update: written };
  return Object.entries(wanted).flatMap(([right, names]) =>
    [...new Set(names)]
      .filter((name) => columns.get(name)?.rights.includes(right) === false)
      .map(
        (name) =>
          `${copy.table.database}.${copy.table.table}.${name}: no ${right.toUpperCase()} on it; see friend-sync grants`,
      ),
  );
}

/** What is allowed and may surprise: to be logged when the table is first seen, and when it has changed. */
export function noteTarget(target: TargetTable): string[] {
  const { copy, columns, triggers } = target;
  const table = `${copy.table.database}.${copy.table.table}`;
  const touched = [...columns.values()].filter(({ name, onUpdate }) => onUpdate && !copy.preserve.includes(name));
  return [
    ...touched.map(
      ({ name }) => `${table}.${name}: changes with every copy that is written; list it under preserve to keep it`,
    ),
    ...triggers.map((trigger) => `${table}: its trigger ${trigger} runs for every copy that is written`),
  ];
}
