import { type Database, quoted, type Session } from './database.ts';
import { gtidSet } from './gtid-set.ts';

/** What a server says of its own past. */
export interface ServerHistory {
  /** Every transaction it has, as a GTID set. */
  readonly executed: string;
  /** Those whose binary logs it no longer has. */
  readonly purged: string;
  /** It keeps binary logs for so long; 0: for ever. */
  readonly keepsSeconds: number;
}

/** Why a source's changes can no longer be followed without a gap. */
export interface HistoryLoss {
  readonly reason: string;
  /** Nothing is in doubt but what the connector cannot read: a new epoch may begin without anybody's decision. */
  readonly mayHeal: boolean;
}

/** What was last seen of the user server, and of the connector that reads it for a source. */
export interface SeenServer {
  readonly executed: string;
  /** What the connector had stored as sent; undefined: it had no position. */
  readonly sent: string | undefined;
  /** UTC. */
  readonly seenAt: string;
  /** Until a new epoch begins. */
  readonly lost: HistoryLoss | undefined;
}

/** Needs no privilege. */
export async function readHistory(server: Database): Promise<ServerHistory> {
  const [row] = await server.rows(
    'reading the history',
    'SELECT @@global.gtid_executed AS executed, @@global.gtid_purged AS purged, @@global.binlog_expire_logs_seconds AS keeps',
  );
  return { executed: gtidSet(row?.executed), purged: gtidSet(row?.purged), keepsSeconds: Number(row?.keeps) };
}

/**
 * Remembers, in the friend database, what was seen of the user server and of a source's connector, so that a later look
 * can tell that one of them went back.
 */
export class ServerStateStore {
  readonly #table: string;

  constructor(stateDatabase: string) {
    this.#table = quoted(stateDatabase, 'server_state');
  }

  async read(session: Session, source: string): Promise<SeenServer | undefined> {
    const [row] = await session.rows(
      'reading the server state',
      `SELECT gtid_executed, sent_gtids, seen_at, history_lost, may_heal FROM ${this.#table} WHERE server = ?`,
      [source],
    );
    if (!row) return undefined;
    const { sent_gtids: sent, history_lost: reason } = row;
    return {
      executed: String(row.gtid_executed),
      sent: sent === null ? undefined : String(sent),
      seenAt: String(row.seen_at),
      lost: reason === null ? undefined : { reason: String(reason), mayHeal: row.may_heal === 1 },
    };
  }

  /**
   * Nothing is remembered any more once the history is lost: another instance may have found out meanwhile. `sent`:
   * undefined where it cannot be told, or there is none; what was remembered before stays.
   */
  async remember(session: Session, source: string, executed: string, sent: string | undefined): Promise<void> {
    await session.write(
      'remembering the server state',
      `INSERT INTO ${this.#table} (server, gtid_executed, sent_gtids) VALUES (?, ?, ?) AS n
       ON DUPLICATE KEY UPDATE seen_at = IF(history_lost IS NULL, NOW(6), seen_at),
         gtid_executed = IF(history_lost IS NULL, n.gtid_executed, server_state.gtid_executed),
         sent_gtids = IF(history_lost IS NULL, COALESCE(n.sent_gtids, server_state.sent_gtids), server_state.sent_gtids)`,
      [source, executed, sent ?? null],
    );
  }

  async declareLost(session: Session, source: string, reason: string, mayHeal = false): Promise<void> {
    await session.write(
      'remembering the server state',
      `INSERT INTO ${this.#table} (server, gtid_executed, history_lost, may_heal) VALUES (?, '', ?, ?) AS n
       ON DUPLICATE KEY UPDATE history_lost = n.history_lost, may_heal = n.may_heal`,
      [source, reason.slice(0, 255), mayHeal],
    );
  }

  /** From here on the server's history, and the connector's, count anew. */
  async beginAnew(session: Session, source: string, executed: string): Promise<void> {
    await session.write(
      'remembering the server state',
      `REPLACE INTO ${this.#table} (server, gtid_executed) VALUES (?, ?)`,
      [source, executed],
    );
  }
}
