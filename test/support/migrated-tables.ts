import type { Database } from '@friend-sync/sync-service';

/** A schema that `migrate` has made, with our fixed tables alone. */
export interface MigratedTables {
  readonly schema: string;
  readonly tables: readonly string[];
}

/** What is left of a state database without the mirrors. */
export async function keepFixedTables(friend: Database, schema: string): Promise<MigratedTables> {
  const rows = await friend.rows(
    'listing tables',
    'SELECT table_name AS t FROM information_schema.tables WHERE table_schema = ?',
    [schema],
  );
  const names = rows.map(({ t }) => String(t));
  const mirrors = names.filter((name) => name.startsWith('mirror_'));
  for (const mirror of mirrors) await friend.write('dropping', `DROP TABLE ${schema}.${mirror}`);
  return { schema, tables: names.filter((name) => !mirrors.includes(name)) };
}

/** Gives a new state database the same fixed tables: a third of the statements that all migrations are. */
export async function copyFixedTables(
  friend: Database,
  { schema, tables }: MigratedTables,
  stateDatabase: string,
): Promise<void> {
  const copied = tables.flatMap((table) => [
    `CREATE TABLE ${stateDatabase}.${table} LIKE ${schema}.${table}`,
    `INSERT INTO ${stateDatabase}.${table} SELECT * FROM ${schema}.${table}`,
  ]);
  const statements = [
    `CREATE DATABASE ${stateDatabase}`,
    ...copied,
    `UPDATE ${stateDatabase}.system_mark SET mark = UUID()`,
  ];
  await friend.write('copying tables', statements.join(';'));
}
