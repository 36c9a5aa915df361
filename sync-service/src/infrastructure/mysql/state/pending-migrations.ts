import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { type Database, quoted } from '../server/database.ts';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../../drizzle', import.meta.url));
/** The table in which drizzle notes what it has run. */
export const JOURNAL = '__drizzle_migrations';

/** The statements of our fixed tables that have not been run. */
export async function pendingMigrations(target: Database, stateDatabase: string): Promise<string[]> {
  const appliedUpTo = await readAppliedUpTo(target, stateDatabase);
  const files = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  return files.filter((file) => file.folderMillis > appliedUpTo).flatMap((file) => file.sql.map((sql) => sql.trim()));
}

/** Whether a later version than this one has migrated the tables. */
export async function areTablesNewer(target: Database, stateDatabase: string): Promise<boolean> {
  const files = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  return (await readAppliedUpTo(target, stateDatabase)) > Math.max(...files.map((file) => file.folderMillis));
}

async function readAppliedUpTo(target: Database, stateDatabase: string): Promise<number> {
  const [journal] = await target.rows(
    'looking for the migration journal',
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [stateDatabase, JOURNAL],
  );
  const [last] = journal
    ? await target.rows(
        'reading the migration journal',
        `SELECT MAX(created_at) AS at FROM ${quoted(stateDatabase, JOURNAL)}`,
      )
    : [];
  return Number(last?.at ?? 0);
}
