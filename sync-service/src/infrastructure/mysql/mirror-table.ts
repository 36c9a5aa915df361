import type { SourceMapping } from '@friend-sync/connectors';
import { bigint, boolean, customType, getTableConfig, int, mysqlTable } from 'drizzle-orm/mysql-core';
import type { ColumnKind, KeyKind, SourceSchema } from '../../domain/source-schema.ts';
import type { ShapeColumn, TableShape } from '../../domain/table-shape.ts';
import { type Database, quoted, type Row } from './database.ts';

export const INTEGERS: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const TEXTS = new Set(['char', 'varchar', 'enum', 'set', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BINARIES = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
/** A VARCHAR longer than this could break the 65,535-byte limit of a row. */
const LONGEST_VARCHAR = 2_000;

/** The name of a mapped column's value, and of its unknown-flag, in the mirror. */
export const valueColumn = (column: string): string => `v_${column}`;
export const unknownColumn = (column: string): string => `u_${column}`;
export const mirrorName = (source: string): string => `mirror_${source}`;

export interface MirrorPlan {
  readonly key: string | undefined;
  readonly types: Map<string, string>;
  readonly problems: string[];
}

/** What the mirror of a source looks like; `problems` says of the table and each column why it cannot be mirrored, with the remedy. */
export function planMirror(mapping: SourceMapping, shape: TableShape | undefined): MirrorPlan {
  const where = `${mapping.table.database}.${mapping.table.table}`;
  const unfit = (problem: string) => ({ key: undefined, types, problems: [`${where}: ${problem}`] });
  const types = new Map<string, string>();
  const problems: string[] = [];
  if (!shape) return unfit('no such table (dropped or renamed?), or no right on it; see friend-sync grants');
  if (shape.kind !== 'BASE TABLE') return unfit(`is a ${shape.kind.toLowerCase()}; map the table that holds its rows`);
  // The binary log, and so the connector, has the server's spelling.
  if (shape.name !== where) return unfit(`the server spells it ${shape.name}; write it so in the mapping`);
  const { columns } = shape;
  const byName = new Map(columns.map((column) => [column.name, column]));
  const key = byName.get(mapping.key);
  const ofKey = key && keyType(key);
  if (!key)
    problems.push(
      `${where}.${mapping.key}: no such column (dropped or renamed?), or no right on it; see friend-sync grants`,
    );
  else if (!ofKey) {
    problems.push(
      `${where}.${mapping.key}: a ${key.columnType} cannot be a key; integers and CHAR/VARCHAR up to 255 can`,
    );
  } else problems.push(...keyProblems(mapping, columns));
  for (const name of mapping.columns) {
    const column = byName.get(name);
    const type = column && valueType(column);
    if (!column)
      problems.push(
        `${where}.${name}: no such column (dropped or renamed?), or no right on it; see friend-sync grants`,
      );
    else if (!type)
      problems.push(`${where}.${name}: ${column.columnType} cannot be mapped; text, integers, decimals and binary can`);
    else types.set(name, type);
  }
  return { key: ofKey, types, problems };
}

/** The connector's messages are about primary keys. */
function keyProblems({ table, key }: SourceMapping, columns: readonly ShapeColumn[]): string[] {
  const primary = columns.filter(({ isPrimary }) => isPrimary).map(({ name }) => name);
  if (primary.length === 1 && primary[0] === key) return [];
  const remedy =
    primary.length === 1
      ? `map ${primary[0]} as the key`
      : 'only a table with a primary key of one column can be mapped';
  return [
    `${table.database}.${table.table}.${key}: must be the primary key, which is (${primary.join(', ')}); ${remedy}`,
  ];
}

function keyType(column: ShapeColumn): string | undefined {
  if (INTEGERS.has(column.dataType)) return column.columnType.includes('unsigned') ? 'bigint unsigned' : 'bigint';
  const fits = (column.dataType === 'varchar' || column.dataType === 'char') && (column.maxLength ?? 256) <= 255;
  return fits ? `varchar(${column.maxLength}) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin` : undefined;
}

function valueType({ dataType, columnType, maxLength }: ShapeColumn): string | undefined {
  if (INTEGERS.has(dataType)) return columnType.includes('unsigned') ? 'bigint unsigned' : 'bigint';
  if (dataType === 'decimal') return columnType.replace(' zerofill', '');
  if (TEXTS.has(dataType)) {
    const isShort = !dataType.endsWith('text') && (maxLength ?? 0) <= LONGEST_VARCHAR;
    return `${isShort ? `varchar(${Math.max(1, maxLength ?? 1)})` : 'longtext'} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin`;
  }
  // Its pad bytes are part of each value: only so a target of the same type is known to change none.
  if (dataType === 'binary') return columnType;
  if (BINARIES.has(dataType))
    return (maxLength ?? 0) <= LONGEST_VARCHAR ? `varbinary(${Math.max(1, maxLength ?? 1)})` : 'longblob';
  return undefined;
}

/** The mirror's table, built with drizzle from the planned types; its DDL is {@link createMirror}'s. */
function mirrorTable(source: string, key: string, types: ReadonlyMap<string, string>) {
  const ofType = (type: string) => customType<{ data: unknown }>({ dataType: () => type });
  const values = [...types];
  return mysqlTable(mirrorName(source), {
    k: ofType(key)('k').primaryKey(),
    ...Object.fromEntries(values.map(([name, type]) => [valueColumn(name), ofType(type)(valueColumn(name))])),
    // Unknown until a message says otherwise: a column that is added later is not NULL in old rows, it is unknown.
    ...Object.fromEntries(
      values.map(([name]) => [unknownColumn(name), boolean(unknownColumn(name)).notNull().default(true)]),
    ),
    epoch: int('fs_epoch').notNull(),
    partition: int('fs_partition').notNull(),
    offset: bigint('fs_offset', { mode: 'bigint' }).notNull(),
    committedAtMs: bigint('fs_committed_at_ms', { mode: 'number' }),
    isDeleted: boolean('fs_deleted').notNull().default(false),
    readNumber: bigint('fs_read', { mode: 'number' }).notNull().default(0),
    knownUntil: bigint('fs_known_until', { mode: 'number' }).notNull().default(-1),
  });
}

/**
 * The statements that bring the mirror's table from what it is (`existing`: its columns' types by name) to the plan. A column
 * that holds more than it must stays. What it holds need not fit another type, for rows that are deleted keep their last
 * values: so of a column that gets another type it is forgotten, and read again. Nothing else is ever dropped.
 */
export function mirrorDdl(
  stateDatabase: string,
  source: string,
  key: string,
  types: ReadonlyMap<string, string>,
  existing: ReadonlyMap<string, string>,
): string[] {
  const { columns } = getTableConfig(mirrorTable(source, key, types));
  const definition = (column: (typeof columns)[number]) => {
    const byDefault = column.hasDefault ? ` DEFAULT ${Number(column.default)}` : '';
    return `${quoted(column.name)} ${column.getSQLType()}${column.notNull ? ' NOT NULL' : ''}${byDefault}`;
  };
  const table = quoted(stateDatabase, mirrorName(source));
  if (existing.size === 0) {
    return [
      `CREATE TABLE ${table} (\n  ${columns.map(definition).join(',\n  ')},\n  PRIMARY KEY (\`k\`)\n) ENGINE = InnoDB`,
    ];
  }
  const flags = new Map([...types.keys()].map((name) => [valueColumn(name), unknownColumn(name)]));
  const changes = new Map(
    columns.map((column) => [column.name, change(column.getSQLType(), existing.get(column.name))]),
  );
  const others = [...flags.keys()].filter((name) => changes.get(name) === 'another');
  const forgotten = others.flatMap((name) => [name, flags.get(name) ?? '']);
  const added = columns.filter(({ name }) => changes.get(name) === 'missing' || forgotten.includes(name));
  const altered = columns.filter(
    (column) => !added.includes(column) && ['wider', 'another'].includes(changes.get(column.name) ?? ''),
  );
  const clauses = [
    ...forgotten.map((name) => `DROP COLUMN ${quoted(name)}`),
    ...added.map((column) => `ADD COLUMN ${definition(column)}`),
    ...altered.map((column) => `MODIFY COLUMN ${definition(column)}`),
  ];
  if (clauses.length === 0) return [];
  const alter = `ALTER TABLE ${table}\n  ${clauses.join(',\n  ')}`;
  // Before it: a daemon that knows the old columns, and sees the old version, is waited for by the ALTER.
  return added.length ? [raiseVersion(stateDatabase, source), alter] : [alter];
}

/** Daemons that do not know the new columns halt (`requireCurrent`). Of altered ones they need not know. */
function raiseVersion(stateDatabase: string, source: string): string {
  return `INSERT INTO ${quoted(stateDatabase, 'reads')} (source, mirror_version) VALUES ('${source}', 1)
  ON DUPLICATE KEY UPDATE mirror_version = mirror_version + 1`;
}

/** What has to become of a column. Character sets are always ours, so they are not compared. */
function change(planned: string, existing: string | undefined): 'none' | 'missing' | 'wider' | 'another' {
  if (existing === undefined) return 'missing';
  const needs = sizeOf(planned);
  const has = sizeOf(existing);
  if (needs.type === has.type) return 'none';
  if (needs.family !== has.family) return 'another';
  const isWide = needs.lengths.every((length, i) => (has.lengths[i] ?? 0) >= length);
  // A number is equal at its own scale only.
  if (isWide && !needs.family.startsWith('decimal')) return 'none';
  return has.lengths.every((length, i) => (needs.lengths[i] ?? 0) >= length) ? 'wider' : 'another';
}

/** Types of one family hold one another's values as far as these are not too long: characters, bytes, or digits before and behind the point. */
function sizeOf(type: string): { type: string; family: string; lengths: number[] } {
  const plain = (type.toLowerCase().split(' character set')[0] ?? '').replace(/^boolean$/, 'tinyint(1)');
  const [, base = '', first = 0, second = 0] = plain.match(/^(\w+)(?:\((\d+)(?:,(\d+))?\))?/) ?? [];
  const unsigned = plain.includes('unsigned') ? ' unsigned' : '';
  if (base === 'decimal') {
    const scale = Number(second);
    return { type: plain, family: `decimal${unsigned}`, lengths: [Number(first) - scale, scale] };
  }
  const isLong = base.startsWith('long');
  const family = { longtext: 'varchar', longblob: 'varbinary' }[base] ?? base;
  // Pad bytes are part of each value.
  const isPadded = base === 'binary';
  return {
    type: plain,
    family: isPadded ? plain : family + unsigned,
    lengths: [isLong ? Number.POSITIVE_INFINITY : Number(first)],
  };
}

/** The mirror's columns and their types as they stand; empty where there is no such table. */
export async function readMirrorColumns(
  target: Database,
  stateDatabase: string,
  source: string,
): Promise<Map<string, string>> {
  const rows = await target.rows(
    `reading the columns of ${mirrorName(source)}`,
    'SELECT column_name AS name, column_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ?',
    [stateDatabase, mirrorName(source)],
  );
  return new Map(rows.map((row: Row) => [row.name as string, (row.type as string).toLowerCase()]));
}

/** The kinds of a source's columns, from its mirror; undefined where `friend-sync migrate` has yet to make them. */
export function toSourceSchema(mapping: SourceMapping, columns: ReadonlyMap<string, string>): SourceSchema | undefined {
  const key = columns.get('k');
  // A mirror of an earlier version.
  if (!columns.has('fs_known_until')) return undefined;
  const kinds = mapping.columns.map((name) => kindOf(columns.get(valueColumn(name))));
  if (!key || kinds.some((kind) => kind === undefined)) return undefined;
  return { mapping, keyKind: keyKindOf(key), columnKinds: kinds as ColumnKind[] };
}

/** The kind of a mirror's key of this type. */
export function keyKindOf(type: string): KeyKind {
  return type.startsWith('varchar') ? 'string' : type.includes('unsigned') ? 'unsigned' : 'integer';
}

/** Source columns that the mirror has and the mapping has no longer. */
export function unmappedColumns({ columns }: SourceMapping, existing: ReadonlyMap<string, string>): string[] {
  const mirrored = [...existing.keys()].filter((name) => name.startsWith('u_')).map((name) => name.slice(2));
  return mirrored.filter((name) => !columns.includes(name));
}

/** How the values of a mirror's column of this type travel. */
export function kindOf(type: string | undefined): ColumnKind | undefined {
  if (type === undefined) return undefined;
  if (type.startsWith('bigint')) return type.includes('unsigned') ? 'unsigned' : 'integer';
  if (type.startsWith('decimal')) return 'decimal';
  return /^(var)?binary|blob$/.test(type) ? 'binary' : 'text';
}
