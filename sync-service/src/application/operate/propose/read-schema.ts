import type { TableShape } from '../../../domain/table-shape.ts';
import { SyncError } from '../../../errors.ts';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { readTableShape } from '../../../infrastructure/mysql/server/table-shape.ts';

/** The configuration file has no such names. */
const isUsable = (name: string) => !/[`.\p{Cc}]/u.test(name);

/** The tables of a database with what our user may read of them. Views hold no rows of their own. */
export async function readSchema(server: Database, database: string): Promise<TableShape[]> {
  const rows = await server.rows(
    `listing the tables of ${database}`,
    `SELECT table_schema AS db, table_name AS name FROM information_schema.tables
     WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY table_name`,
    [database],
  );
  if (rows.length === 0)
    throw new SyncError(
      'contract_broken',
      `no table of ${database} can be seen: it is not there, or not to be read by us`,
    );
  const shapes: TableShape[] = [];
  for (const row of rows) {
    const shape = await readTableShape(server, { database: String(row.db), table: String(row.name) });
    if (!shape || !isUsable(String(row.name))) continue;
    shapes.push({ ...shape, columns: shape.columns.filter(({ name, isReadable }) => isReadable && isUsable(name)) });
  }
  return shapes;
}
