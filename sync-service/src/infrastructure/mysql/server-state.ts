import { type Database, quoted, type Session } from './database.ts';

/** What a server says of its own past. */
export interface ServerHistory {
  /** Every transaction it has, as a GTID set. */
  readonly executed: string;
  /** Those whose binary logs it no longer has. */
  readonly purged: string;
  /** It keeps binary logs for so long; 0: for ever. */
  readonly keepsSeconds: number;
}

/** What was last seen of the user server, beside what a source's connector had sent. */
export interface SeenServer {
  readonly executed: string;
  /** UTC. */
  readonly seenAt: string;
  /** Why its changes can no longer be followed without a gap; until a new epoch begins. */
  readonly historyLost: string | undefined;
}

/** Needs no privilege. */
export async function readHistory(server: Database): Promise<ServerHistory> {
  const [row] = await server.rows(
    'reading the history',
    'SELECT @@global.gtid_executed AS executed, @@global.gtid_purged AS purged, @@global.binlog_expire_logs_seconds AS keeps',
  );
  // MySQL breaks the line after each server's part.
  const set = (value: unknown) => String(value).replaceAll('\n', '');
  return { executed: set(row?.executed), purged: set(row?.purged), keepsSeconds: Number(row?.keeps) };
}

/** Whether every transaction of `part` is in `whole`; any MySQL server can tell. */
export async function containsGtids(server: Session, whole: string, part: string): Promise<boolean> {
  const [row] = await server.rows('comparing GTID sets', 'SELECT GTID_SUBSET(?, ?) AS contained', [part, whole]);
  return Number(row?.contained) === 1;
}

/**
 * Remembers, in the friend database, what was seen of the user server, so that a later look can tell that it went back:
 * for each source, which follows its changes with a connector of its own.
 */
export class ServerStateStore {
  readonly #table: string;

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'server_state');
  }

  async read(session: Session, source: string): Promise<SeenServer | undefined> {
    const [row] = await session.rows(
      'reading the server state',
      `SELECT gtid_executed, seen_at, history_lost FROM ${this.#table} WHERE server = ?`,
      [source],
    );
    const lost = row?.history_lost ?? undefined;
    return (
      row && {
        executed: String(row.gtid_executed),
        seenAt: String(row.seen_at),
        historyLost: lost === undefined ? undefined : String(lost),
      }
    );
  }

  /** Nothing is remembered any more once the history is lost: another instance may have found out meanwhile. */
  async remember(session: Session, source: string, executed: string): Promise<void> {
    await session.write(
      'remembering the server state',
      `INSERT INTO ${this.#table} (server, gtid_executed) VALUES (?, ?) AS n
       ON DUPLICATE KEY UPDATE seen_at = IF(history_lost IS NULL, NOW(6), seen_at),
         gtid_executed = IF(history_lost IS NULL, n.gtid_executed, server_state.gtid_executed)`,
      [source, executed],
    );
  }

  async declareLost(session: Session, source: string, reason: string): Promise<void> {
    await session.write(
      'remembering the server state',
      `INSERT INTO ${this.#table} (server, gtid_executed, history_lost) VALUES (?, '', ?) AS n
       ON DUPLICATE KEY UPDATE history_lost = n.history_lost`,
      [source, reason.slice(0, 255)],
    );
  }

  /** From here on the server's history counts anew. */
  async beginAnew(session: Session, source: string, executed: string): Promise<void> {
    await session.write(
      'remembering the server state',
      `REPLACE INTO ${this.#table} (server, gtid_executed) VALUES (?, ?)`,
      [source, executed],
    );
  }
}
