import type { Configuration } from '@friend-sync/connectors';
import { drizzle } from 'drizzle-orm/mysql2';
import { migrate as applyMigrations } from 'drizzle-orm/mysql2/migrator';
import mysql from 'mysql2/promise';
import { SyncError } from '../../../errors.ts';
import { checkTarget, readTargetTable } from '../copies/target-table.ts';
import { answerWithin, type Database, quoted } from '../server/database.ts';
import { toStoreError } from '../server/fault.ts';
import { sessionStatement } from '../server/session.ts';
import { readTableShape } from '../server/table-shape.ts';
import { mirrorDdl } from './mirror-ddl.ts';
import { keyKindOf, planMirror, plannedColumns, readMirrorColumns } from './mirror-table.ts';
import { JOURNAL, MIGRATIONS_FOLDER, pendingMigrations } from './pending-migrations.ts';

/** Changing a large mirror takes its time. */
const MIGRATION_MS = 3_600_000;

/** The statements that are still to be run, in order. */
export interface MigrationPlan {
  /** Our fixed tables, from the migrations folder. */
  readonly fixed: readonly string[];
  /** The mirrors, from the mapping and the source's column types. */
  readonly mirrors: readonly string[];
  /** What keeps copies from being written when all of them have been run, each with its remedy. */
  readonly problems: readonly string[];
}

/**
 * Compares what is with what the mapping needs. Reads both servers, changes nothing. Throws `contract_broken`, all
 * problems at once, where a source cannot be mirrored.
 */
export async function planMigration(
  configuration: Configuration,
  source: Database,
  target: Database,
): Promise<MigrationPlan> {
  const { stateDatabase } = configuration.settings.target;
  const mirrors: string[] = [];
  const problems: string[] = [];
  const ofCopies: string[] = [];
  for (const mapping of configuration.mapping.sources) {
    const plan = planMirror(mapping, await readTableShape(source, mapping.table));
    problems.push(...plan.problems);
    const existing = await readMirrorColumns(target, stateDatabase, mapping.name);
    if (plan.key !== undefined && plan.problems.length === 0)
      mirrors.push(...mirrorDdl(stateDatabase, mapping.name, plan.key, plan.types, existing));
    const keyKind = plan.key === undefined ? undefined : keyKindOf(plan.key);
    const types = plannedColumns(plan);
    for (const copy of mapping.copies)
      ofCopies.push(...checkTarget(await readTargetTable(target, copy), keyKind, types));
  }
  if (problems.length) throw new SyncError('contract_broken', [...problems, ...ofCopies].join('\n'));
  return { fixed: await pendingMigrations(target, stateDatabase), mirrors, problems: ofCopies };
}

/** Long enough for another migration, unless it alters a mirror of very many rows. */
const LOCK_SECONDS = 60;

/**
 * Brings the tables to what the mapping needs. Safe to repeat: DDL cannot be rolled back. Two at once wait for each other by a
 * named lock, for `lockSeconds`; what is to be done is looked at behind it.
 */
export async function executeMigration(
  configuration: Configuration,
  source: Database,
  target: Database,
  lockSeconds = LOCK_SECONDS,
): Promise<void> {
  const { stateDatabase, ...server } = configuration.settings.target;
  const connection = await mysql
    .createConnection({
      host: server.host,
      port: server.port,
      user: server.user,
      password: server.password.reveal(),
      ...(server.tls ? { ssl: {} } : {}),
      charset: 'utf8mb4',
      multipleStatements: true,
    })
    .catch((error) => {
      throw toStoreError(error, 'connecting to the friend database');
    });
  const migrate = async () => {
    // As every other session of ours: names that are no ASCII would be written otherwise than they are read.
    await connection.query(sessionStatement({}));
    const lock = `friend-sync migrate ${stateDatabase}`.slice(0, 64);
    const [rows] = await connection.query<mysql.RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS isOurs', [
      lock,
      lockSeconds,
    ]);
    if (rows[0]?.isOurs !== 1)
      throw new SyncError('store_contended', `another friend-sync migrate of ${stateDatabase} has not ended yet`);
    const { mirrors } = await planMigration(configuration, source, target);
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoted(stateDatabase)}`);
    await connection.query(`USE ${quoted(stateDatabase)}`);
    await applyMigrations(drizzle(connection), { migrationsFolder: MIGRATIONS_FOLDER, migrationsTable: JOURNAL });
    for (const statement of mirrors) await connection.query(statement);
  };
  try {
    await answerWithin(MIGRATION_MS, migrate());
  } catch (error) {
    throw error instanceof SyncError ? error : toStoreError((error as { cause?: unknown }).cause ?? error, 'migrating');
  } finally {
    connection.destroy();
  }
}
