import type { SourceMapping } from '@friend-sync/connectors';
import { COLUMN_TYPES, isInteger, kindOf, kindOfColumn } from '../../../domain/column-types.ts';
import type { KeyKind, SourceSchema } from '../../../domain/source-schema.ts';
import type { ShapeColumn, TableShape } from '../../../domain/table-shape.ts';
import type { Database, Row } from '../server/database.ts';

/** The name of a mapped column's value, and of its unknown-flag, in the mirror. */
export const valueColumn = (column: string): string => `v_${column}`;
export const unknownColumn = (column: string): string => `u_${column}`;
export const mirrorName = (source: string): string => `mirror_${source}`;

const MAPPABLE = [...new Set(Object.values(COLUMN_TYPES).flatMap(({ names }) => names))].join(', ').toUpperCase();

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
    const kind = column && kindOfColumn(column);
    const type = kind && COLUMN_TYPES[kind].mirrorType(column);
    if (!column)
      problems.push(
        `${where}.${name}: no such column (dropped or renamed?), or no right on it; see friend-sync grants`,
      );
    else if (!type) problems.push(`${where}.${name}: ${column.columnType} cannot be mapped; ${MAPPABLE} can`);
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
  if (isInteger(column)) return column.columnType.includes('unsigned') ? 'bigint unsigned' : 'bigint';
  const fits = (column.dataType === 'varchar' || column.dataType === 'char') && (column.maxLength ?? 256) <= 255;
  return fits ? `varchar(${column.maxLength}) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin` : undefined;
}

/** The mirror's columns of values and their types, as `migrate` would make them. */
export function plannedColumns({ types }: Pick<MirrorPlan, 'types'>): Map<string, string> {
  return new Map([...types].map(([name, type]) => [valueColumn(name), type]));
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
  const mapped = mapping.columns.flatMap((name) => {
    const type = columns.get(valueColumn(name));
    const kind = type && kindOf(type);
    return kind ? [{ name, kind }] : [];
  });
  if (!key || mapped.length < mapping.columns.length) return undefined;
  return { mapping, keyKind: keyKindOf(key), columns: mapped };
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
