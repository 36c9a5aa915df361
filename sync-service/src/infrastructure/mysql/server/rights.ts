import type { Database } from './database.ts';

/** A right of a user; where a part of its place is undefined, it holds for all there are. */
export interface Right {
  readonly right: string;
  /** Of a right on a whole schema it is a pattern, as GRANT takes it. */
  readonly database?: string;
  readonly table?: string;
  readonly column?: string;
}

export interface Rights {
  readonly user: string;
  /** From where it may come. */
  readonly host: string;
  /** Granted to it, those of roles not counted. */
  readonly own: readonly Right[];
  readonly hasRole: boolean;
}

/** What the user of these sessions may do. Needs no right. */
export async function readRights(server: Database): Promise<Rights> {
  const [row] = await server.rows('reading the user', 'SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role');
  const account = String(row?.account);
  const [user, host] = [account.slice(0, account.lastIndexOf('@')), account.slice(account.lastIndexOf('@') + 1)];
  const from = (columns: string, view: string) =>
    `SELECT privilege_type AS name, ${columns} FROM information_schema.${view}_privileges WHERE grantee = ?`;
  const rows = await server.rows(
    'reading the rights',
    [
      from('NULL AS db, NULL AS tbl, NULL AS col', 'user'),
      from('table_schema, NULL, NULL', 'schema'),
      from('table_schema, table_name, NULL', 'table'),
      from('table_schema, table_name, column_name', 'column'),
    ].join(' UNION ALL '),
    Array.from({ length: 4 }, () => `'${user}'@'${host}'`),
  );
  const own = rows.map(({ name, db, tbl, col }) => ({
    right: String(name),
    ...(db === null ? {} : { database: String(db) }),
    ...(tbl === null ? {} : { table: String(tbl) }),
    ...(col === null ? {} : { column: String(col) }),
  }));
  return { user, host, own: own.filter(({ right }) => right !== 'USAGE'), hasRole: row?.role !== 'NONE' };
}
