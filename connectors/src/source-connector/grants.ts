import type { Configuration } from '../configuration/configuration.ts';
import { tailedTables } from '../late-copies/tailed-tables.ts';

export interface Grant {
  /** On which server the statement is to be run. */
  readonly server: 'source' | 'target';
  readonly sql: string;
}

/**
 * The least that friend-sync needs. On the user database: to read the binlog, and the key and mapped columns. On the
 * friend database: its own schema, to read the target tables, and to write the mapped columns; and for the connector that
 * tails the target tables, a user that reads no row of them.
 */
export function renderGrants({ mapping, settings }: Configuration): Grant[] {
  const source = account(settings.source.user);
  const target = account(settings.target.user);
  const grants: Grant[] = [
    { server: 'source', sql: `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${source};` },
  ];
  for (const { table, key, columns } of mapping.sources) {
    const name = quoted(table.database, table.table);
    const readable = [...new Set([key, ...columns])].map((column) => quoted(column)).join(', ');
    grants.push({ server: 'source', sql: `GRANT SELECT (${readable}) ON ${name} TO ${source};` });
    // Reads nothing; SHOW CREATE TABLE, which Debezium needs, wants some privilege on the table as a whole.
    grants.push({ server: 'source', sql: `GRANT REFERENCES ON ${name} TO ${source};` });
  }
  // For a whole schema `_` is a wildcard, unless it is escaped.
  const state = quoted(settings.target.stateDatabase.replaceAll('_', '\\_'));
  grants.push({ server: 'target', sql: `GRANT ALL ON ${state}.* TO ${target};` });
  // Asked of a replica, to which grants are replicated.
  if (settings.brake.replicas.length > 0)
    grants.push({ server: 'target', sql: `GRANT REPLICATION CLIENT ON *.* TO ${target};` });
  for (const [name, columns] of writtenColumns(mapping)) {
    grants.push({ server: 'target', sql: `GRANT SELECT ON ${name} TO ${target};` });
    grants.push({
      server: 'target',
      sql: `GRANT UPDATE (${[...columns].map((c) => quoted(c)).join(', ')}) ON ${name} TO ${target};`,
    });
  }
  if (settings.lateCopies.enabled) grants.push(...lateCopiesGrants(mapping, account(settings.lateCopies.user)));
  return grants;
}

function lateCopiesGrants(mapping: Configuration['mapping'], user: string): Grant[] {
  const tables = tailedTables(mapping).map(({ table }) => quoted(table.database, table.table));
  return [
    `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user};`,
    // For SHOW CREATE TABLE, as above; no row is ever selected.
    ...tables.map((name) => `GRANT REFERENCES ON ${name} TO ${user};`),
  ].map((sql) => ({ server: 'target', sql }));
}

function writtenColumns(mapping: Configuration['mapping']): Map<string, Set<string>> {
  const byTable = new Map<string, Set<string>>();
  for (const { table, set, preserve } of mapping.sources.flatMap(({ copies }) => copies)) {
    const name = quoted(table.database, table.table);
    const columns = byTable.get(name) ?? new Set();
    for (const column of [...set.map((pair) => pair.column), ...preserve]) columns.add(column);
    byTable.set(name, columns);
  }
  return byTable;
}

function account(user: string): string {
  return `'${user.replaceAll("'", "''")}'@'%'`;
}

function quoted(...path: string[]): string {
  return path.map((part) => `\`${part}\``).join('.');
}
