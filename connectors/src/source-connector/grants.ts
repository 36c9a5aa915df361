import type { Configuration } from '../configuration/configuration.ts';
import { tailedTables } from '../late-copies/tailed-tables.ts';
import type { TableName } from '../mapping.ts';

/** Something that a user must be allowed to do. */
export interface Grant {
  /** On which server the statement is to be run. */
  readonly server: 'source' | 'target';
  readonly user: string;
  /** By MySQL's names. */
  readonly rights: readonly string[];
  /** Where; what is undefined stands for all there are. */
  readonly database?: string;
  readonly table?: string;
  readonly columns?: readonly string[];
  readonly sql: string;
}

type Place = Pick<Grant, 'database' | 'table' | 'columns'>;

const REPLICATION = ['REPLICATION SLAVE', 'REPLICATION CLIENT'];

/**
 * The least that friend-sync needs. On the user database: to read the binlog, and the key and mapped columns. On the
 * friend database: its own schema, to read the target tables, and to write the mapped columns; and for the connector that
 * tails the target tables, a user that reads no row of them.
 */
export function renderGrants({ mapping, settings }: Configuration): Grant[] {
  const ofSource = granting('source', settings.source.user);
  const ofTarget = granting('target', settings.target.user);
  const grants = [ofSource(REPLICATION, {})];
  for (const { table, key, columns } of mapping.sources) {
    grants.push(ofSource(['SELECT'], { ...table, columns: [...new Set([key, ...columns])] }));
    // Reads nothing; SHOW CREATE TABLE, which Debezium needs, wants some privilege on the table as a whole.
    grants.push(ofSource(['REFERENCES'], table));
  }
  grants.push(ofTarget(['ALL'], { database: settings.target.stateDatabase }));
  // Asked of a replica, to which grants are replicated.
  if (settings.brake.replicas.length > 0) grants.push(ofTarget(['REPLICATION CLIENT'], {}));
  for (const { table, columns } of writtenTables(mapping)) {
    grants.push(ofTarget(['SELECT'], table));
    grants.push(ofTarget(['UPDATE'], { ...table, columns: [...columns] }));
  }
  if (settings.lateCopies.enabled) grants.push(...lateCopiesGrants(mapping, settings.lateCopies.user));
  return grants;
}

function lateCopiesGrants(mapping: Configuration['mapping'], user: string): Grant[] {
  const ofLateCopies = granting('target', user);
  return [
    ofLateCopies(REPLICATION, {}),
    // For SHOW CREATE TABLE, as above; no row is ever selected.
    ...tailedTables(mapping).map(({ table }) => ofLateCopies(['REFERENCES'], table)),
  ];
}

/** Each target table once, with the columns that are written. */
function writtenTables(mapping: Configuration['mapping']): { table: TableName; columns: Set<string> }[] {
  const byTable = new Map<string, { table: TableName; columns: Set<string> }>();
  for (const { table, set, preserve } of mapping.sources.flatMap(({ copies }) => copies)) {
    const name = quoted(table.database, table.table);
    const written = byTable.get(name) ?? { table, columns: new Set() };
    for (const column of [...set.map((pair) => pair.column), ...preserve]) written.columns.add(column);
    byTable.set(name, written);
  }
  return [...byTable.values()];
}

function granting(server: Grant['server'], user: string) {
  const account = accountOf(user);
  return (rights: readonly string[], place: Place): Grant => {
    const sql = `GRANT ${rightsAt(rights, place)} TO ${account};`;
    return { server, user, rights, ...place, sql };
  };
}

/** A user as SQL names it. */
export function accountOf(user: string, host = '%'): string {
  return `'${user.replaceAll("'", "''")}'@'${host}'`;
}

/** The middle of a GRANT or REVOKE. */
export function rightsAt(rights: readonly string[], { database, table, columns }: Place): string {
  const list = columns ? ` (${columns.map((column) => quoted(column)).join(', ')})` : '';
  // For a whole schema `_` is a wildcard, unless it is escaped.
  const schema = database?.replaceAll('_', '\\_') ?? '';
  const place = database === undefined ? '*.*' : table === undefined ? `${quoted(schema)}.*` : quoted(database, table);
  return `${rights.map((right) => right + list).join(', ')} ON ${place}`;
}

function quoted(...path: string[]): string {
  return path.map((part) => `\`${part}\``).join('.');
}
