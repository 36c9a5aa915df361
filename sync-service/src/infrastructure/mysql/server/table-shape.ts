import type { TableName } from '@friend-sync/connectors';
import type { ShapeColumn, TableShape } from '../../../domain/table-shape.ts';
import type { Database, Row } from './database.ts';

/**
 * Reads what the server has of a table now; undefined where it has none, or none that our user may see. The printed grants
 * show every column. By one name and not by a list of them: MySQL would go through all tables of the server.
 */
export async function readTableShape(
  server: Database,
  { database, table }: TableName,
): Promise<TableShape | undefined> {
  const rows = await server.rows(
    `reading the columns of ${database}.${table}`,
    `SELECT t.table_schema AS db, t.table_name AS tableName, t.table_type AS kind, t.create_time AS createdAt, c.column_name AS name, c.data_type AS dataType,
       c.column_type AS columnType, c.character_maximum_length AS maxLength, c.character_set_name AS charset,
       c.collation_name AS collation, c.is_nullable AS nullable, c.column_default AS defaultValue, c.extra AS extra,
       c.column_key AS columnKey, c.privileges AS privileges
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = ? AND c.table_name = ? ORDER BY c.ordinal_position`,
    [database, table],
  );
  const [first] = rows;
  if (!first) return undefined;
  const { db, tableName, kind, createdAt } = first;
  return {
    name: `${db}.${tableName}`,
    kind: String(kind),
    createdAt: String(createdAt),
    columns: rows.map(toColumn),
  };
}

function toColumn(row: Row): ShapeColumn {
  const text = (value: unknown) => (value === null ? null : String(value));
  return {
    name: String(row.name),
    dataType: String(row.dataType).toLowerCase(),
    columnType: String(row.columnType),
    maxLength: row.maxLength === null ? null : Number(row.maxLength),
    charset: text(row.charset),
    collation: text(row.collation),
    isNullable: row.nullable === 'YES',
    defaultValue: text(row.defaultValue),
    extra: String(row.extra),
    isPrimary: row.columnKey === 'PRI',
    isReadable: String(row.privileges).split(',').includes('select'),
  };
}

/** A foreign key whose rule changes rows of the table that it is in. */
export interface Cascade {
  readonly constraint: string;
  readonly columns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** What else than its own statements changes rows of a table. */
export async function readCascades(server: Database, { database, table }: TableName): Promise<Cascade[]> {
  const rows = await server.rows(
    `reading the foreign keys of ${database}.${table}`,
    `SELECT r.constraint_name AS name, r.delete_rule AS onDelete, r.update_rule AS onUpdate, k.column_name AS col
     FROM information_schema.referential_constraints r
     JOIN information_schema.key_column_usage k
       ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name
     WHERE r.constraint_schema = ? AND r.table_name = ? ORDER BY r.constraint_name, k.ordinal_position`,
    [database, table],
  );
  const names = [...new Set(rows.map(({ name }) => String(name)))];
  return names.map((constraint) => {
    const own = rows.filter(({ name }) => name === constraint);
    const [onDelete, onUpdate] = [String(own[0]?.onDelete), String(own[0]?.onUpdate)];
    return { constraint, columns: own.map(({ col }) => String(col)), onDelete, onUpdate };
  });
}
