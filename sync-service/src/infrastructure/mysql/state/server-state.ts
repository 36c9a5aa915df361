import { type Database, quoted, type Session } from '../server/database.ts';
import { gtidSet } from '../server/gtid-set.ts';
import { storedReason } from './reason.ts';

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
  /** UTC; of an epoch that was begun and has not ended: when its last step did. */
  readonly since?: string;
}

/** What was last seen of the user server, and of the connector that reads it for a source. */
export interface SeenServer {
  readonly executed: string;
  /** What the connector had stored as sent; undefined: it had no position. */
  readonly sent: string | undefined;
  /** UTC. */
  readonly seenAt: string;
  /** Of the epoch, by the database's clock: what was seen in one says nothing of the next. */
  readonly begunAt: string;
  /** Until a new epoch begins. */
  readonly lost: HistoryLoss | undefined;
}

/** What a look that found nothing amiss has seen. */
export type SeenNow = Pick<ServerHistory, 'executed'> & Partial<Pick<SeenServer, 'sent'>>;

/** Why a source is not followed while a new epoch of it begins, and from then on if that was broken off. */
export const EPOCH_BEGINS = 'a new epoch of it was begun and has not ended';

const OF_THAT_EPOCH = 'WHERE server = ? AND history_lost IS NULL AND begun_at = ?';

/** Needs no privilege. */
export async function readHistory(server: Database): Promise<ServerHistory> {
  const [row] = await server.rows(
    'reading the history',
    'SELECT @@global.gtid_executed AS executed, @@global.gtid_purged AS purged, @@global.binlog_expire_logs_seconds AS keeps',
  );
  return { executed: gtidSet(row?.executed), purged: gtidSet(row?.purged), keepsSeconds: Number(row?.keeps) };
}

/** What is wrong with how the sessions of a server that is known by this name log their updates. */
export async function findUntoldUpdates(server: Database, name: string): Promise<string | undefined> {
  const [row] = await server.rows('reading the settings', 'SELECT @@global.binlog_row_value_options AS options');
  if (!row?.options) return undefined;
  return `${name} has binlog_row_value_options = ${row.options}, and Debezium passes over each UPDATE of a session that began so, of any table; SET GLOBAL binlog_row_value_options = '', and have its applications connect anew`;
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
      `SELECT gtid_executed, sent_gtids, seen_at, begun_at, history_lost, may_heal FROM ${this.#table} WHERE server = ?`,
      [source],
    );
    if (!row) return undefined;
    const { sent_gtids: sent, history_lost: reason } = row;
    const seenAt = String(row.seen_at);
    return {
      executed: String(row.gtid_executed),
      sent: sent === null ? undefined : String(sent),
      seenAt,
      begunAt: String(row.begun_at),
      lost: reason === null ? undefined : { reason: String(reason), mayHeal: row.may_heal === 1, since: seenAt },
    };
  }

  /**
   * Remembers what a look has seen that began with `seen`, unless the history is lost or another epoch has begun since.
   * What is undefined of it cannot be told, or there is none; what was remembered before stays.
   */
  async remember(session: Session, source: string, seen: SeenServer | undefined, now: SeenNow): Promise<void> {
    await session.write(
      'remembering the server state',
      seen
        ? `UPDATE ${this.#table} SET seen_at = NOW(6), gtid_executed = ?, sent_gtids = COALESCE(?, sent_gtids) ${OF_THAT_EPOCH}`
        : `INSERT IGNORE INTO ${this.#table} (gtid_executed, sent_gtids, server) VALUES (?, ?, ?)`,
      [now.executed, now.sent ?? null, source, seen?.begunAt],
    );
  }

  /** False: the history is lost already, or another epoch has begun since the look that began with `seen`, which says nothing of it. */
  async declareLost(session: Session, source: string, seen: SeenServer | undefined, { reason, mayHeal }: HistoryLoss) {
    const { matched } = await session.write(
      'remembering the server state',
      seen
        ? `UPDATE ${this.#table} SET history_lost = ?, may_heal = ? ${OF_THAT_EPOCH}`
        : `INSERT IGNORE INTO ${this.#table} (gtid_executed, history_lost, may_heal, server) VALUES ('', ?, ?, ?)`,
      [storedReason(reason), mayHeal, source, seen?.begunAt],
    );
    return matched === 1;
  }

  /** The source is not followed while an epoch begins; to be said before each step. Broken off, it may be gone on with by itself. */
  async epochBegins(session: Session, source: string): Promise<void> {
    await session.write(
      'remembering the server state',
      `INSERT INTO ${this.#table} (server, gtid_executed, history_lost, may_heal) VALUES (?, '', ?, 1) AS n
       ON DUPLICATE KEY UPDATE history_lost = n.history_lost, may_heal = 1, seen_at = NOW(6)`,
      [source, EPOCH_BEGINS],
    );
  }

  /** Whether an epoch was begun whose last step was so long ago. */
  async isBrokenOff(session: Session, source: string, seconds: number): Promise<boolean> {
    const rows = await session.rows(
      'reading the server state',
      `SELECT 1 FROM ${this.#table} WHERE server = ? AND history_lost = ? AND seen_at < NOW(6) - INTERVAL ? SECOND`,
      [source, EPOCH_BEGINS, seconds],
    );
    return rows.length > 0;
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
