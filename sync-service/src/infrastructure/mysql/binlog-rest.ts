import type { Database } from './database.ts';

/** A place in a server's binary logs. */
export interface BinlogPosition {
  readonly file: string;
  readonly pos: number;
}

const MOST_EVENTS = 50;

/**
 * Whether the server's binary logs hold nothing from this position on but statements without rows (DDL, GRANT): Debezium
 * counts such a statement as read only with the transaction after it, which on a quiet server may never come. False
 * where it cannot be told, be it for lack of the right to look (REPLICATION SLAVE).
 */
export async function holdsOnlyStatements(server: Database, { file, pos }: BinlogPosition): Promise<boolean> {
  try {
    const logs = await server.rows('listing binary logs', 'SHOW BINARY LOGS');
    if (logs.at(-1)?.Log_name !== file) return false;
    const sql = `SHOW BINLOG EVENTS IN ? FROM ${Math.trunc(pos)} LIMIT ${MOST_EVENTS}`;
    const events = await server.rows('looking into the binary log', sql, [file]);
    return events.length < MOST_EVENTS && events.every(({ Event_type, Info }) => isStatement(Event_type, Info));
  } catch {
    return false;
  }
}

/** Rows stand between BEGIN and COMMIT, or between XA START and XA PREPARE. */
function isStatement(type: unknown, info: unknown): boolean {
  if (type === 'Gtid') return true;
  return type === 'Query' && !/^(BEGIN|XA )/.test(String(info));
}
