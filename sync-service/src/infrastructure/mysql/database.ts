import type { Settings } from '@friend-sync/connectors';
import mysql, { type Pool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { toStoreError } from './fault.ts';

/** One row as mysql2 returns it: BIGINT and DECIMAL as strings, dates as strings, binary as Buffer. */
export type Row = Record<string, unknown>;

/** Runs statements; each classifies what goes wrong, once. */
export interface Session {
  /** `doing` names the step in errors. */
  rows(doing: string, sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Rows matched by a write, whether or not their values changed (FOUND_ROWS): what the fences read. */
  write(doing: string, sql: string, parameters?: readonly unknown[]): Promise<{ matched: number; changed: number }>;
}

/** A pool on one MySQL server. Outside `transaction` each statement commits by itself. */
export interface Database extends Session, AsyncDisposable {
  /** One transaction on one connection: commits what `work` returns from, rolls back what it throws from. */
  transaction<T>(doing: string, work: (tx: Session) => Promise<T>): Promise<T>;
  /** The pool itself, for drizzle's migrator. */
  readonly pool: Pool;
}

const SESSION = `SET SESSION transaction_isolation = 'READ-COMMITTED',
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
  time_zone = '+00:00'`;

/** Connects lazily: a server that is down shows at the first statement, as `store_unavailable`. */
export function openDatabase(
  server: Pick<Settings['target'], 'host' | 'port' | 'user' | 'password' | 'tls'>,
  options: { connections: number; lockWaitSeconds?: number },
): Database {
  const pool = mysql.createPool({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password.reveal(),
    ...(server.tls ? { ssl: {} } : {}),
    connectionLimit: options.connections,
    charset: 'utf8mb4',
    flags: ['FOUND_ROWS'],
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    enableKeepAlive: true,
    connectTimeout: 5_000,
  });
  const lockWait = options.lockWaitSeconds ? `, innodb_lock_wait_timeout = ${options.lockWaitSeconds}` : '';
  // Runs before any statement of ours on that connection: mysql2 keeps commands in order.
  // @ts-expect-error mysql2 hands the callback-style connection to this event, its types say otherwise
  pool.on('connection', (connection) => connection.query(SESSION + lockWait, () => {}));
  return {
    ...session(pool),
    pool,
    transaction: (doing, work) => transaction(pool, doing, work),
    // A connection that cannot be closed in order is closed all the same; its server is the one that is in trouble.
    [Symbol.asyncDispose]: () => pool.end().catch(() => {}),
  };
}

function session(connection: Pool | PoolConnection): Session {
  return {
    async rows(doing, sql, parameters = []) {
      try {
        const [rows] = await connection.query<RowDataPacket[]>(sql, parameters as unknown[]);
        return rows;
      } catch (error) {
        throw toStoreError(error, doing);
      }
    },
    async write(doing, sql, parameters = []) {
      try {
        const [result] = await connection.query<ResultSetHeader>(sql, parameters as unknown[]);
        return { matched: result.affectedRows, changed: result.changedRows };
      } catch (error) {
        throw toStoreError(error, doing);
      }
    },
  };
}

async function transaction<T>(pool: Pool, doing: string, work: (tx: Session) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection().catch((error) => {
    throw toStoreError(error, doing);
  });
  let failed = true;
  try {
    await connection.query('START TRANSACTION');
    const result = await work(session(connection));
    await connection.query('COMMIT');
    failed = false;
    return result;
  } catch (error) {
    throw toStoreError(error, doing);
  } finally {
    await giveBack(connection, failed);
  }
}

/** A connection whose rollback fails is in an unknown state: it is closed, and the server rolls back. */
async function giveBack(connection: PoolConnection, failed: boolean): Promise<void> {
  if (!failed) return connection.release();
  try {
    await connection.query('ROLLBACK');
    connection.release();
  } catch {
    connection.destroy();
  }
}

/** An identifier, quoted for MySQL. */
export function quoted(...path: readonly string[]): string {
  return path.map((part) => `\`${part.replaceAll('`', '``')}\``).join('.');
}
