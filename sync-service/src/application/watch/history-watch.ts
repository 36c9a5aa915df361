import {
  type ConnectClient,
  type ConnectorOffset,
  type ConnectorStatus,
  metIncompleteRow,
  storedGtids,
} from '@friend-sync/connectors';
import { POLICY, SyncError, toSyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { containsGtids, readHistory, type ServerHistory } from '../../infrastructure/mysql/server-state.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

export interface HistoryWatch extends AsyncDisposable {
  /** Throws `history_lost` while the source's changes cannot be followed without a gap. */
  check(): void;
}

export interface HistoryWatchParts {
  /** The user database. */
  readonly source: Database;
  readonly store: Store;
  readonly connect: ConnectClient;
  readonly connectorName: string;
  /** The source whose changes that connector sends. */
  readonly sourceName: string;
  readonly health: Health;
  readonly log: Logger;
  readonly intervalMs: number;
}

/**
 * Notices that the user server was set back (restored, reset, failed over with a loss), or no longer has the binary
 * logs that the connector was to read next. Debezium notices neither for certain: once a restored server has passed the
 * connector's GTID set, changes are skipped in silence (protocol A6). Notices, too, that the connector stands at a row
 * that it can never read, and that a new epoch was begun and not ended. Ends after its first look.
 */
export async function watchHistory(parts: HistoryWatchParts): Promise<HistoryWatch> {
  const { source, store, health, sourceName } = parts;
  const part = `user database, source ${sourceName}`;
  const retentionPart = `binary logs, source ${sourceName}`;
  let lost: SyncError | undefined;
  let suspect: string | undefined;

  async function look(): Promise<void> {
    const reason = await findLoss();
    if (reason !== undefined && reason !== lost?.message) tell(reason);
    lost = reason === undefined ? undefined : new SyncError('history_lost', reason);
    if (lost) health.report(part, lost);
    else health.clear(part);
  }

  /** Ingest would say it with the next message, and there may be none. */
  function tell(problem: string): void {
    const { hint } = POLICY.history_lost;
    parts.log.error({ part, kind: 'history_lost', problem, hint }, 'the user database cannot be followed');
  }

  async function findLoss(): Promise<string | undefined> {
    const { database, serverState } = store;
    const seen = await serverState.read(database, sourceName);
    if (seen?.historyLost !== undefined) return seen.historyLost;
    const history = await readHistory(source);
    const offsets = await parts.connect.offsets(parts.connectorName).catch(() => []);
    const reason =
      seen && !(await containsGtids(source, history.executed, seen.executed))
        ? `the user database lacks transactions that it had at ${seen.seenAt} UTC: it was set back`
        : ((await findPurged(history, offsets)) ?? (await findImpassable()));
    if (reason === undefined) await serverState.remember(database, sourceName, history.executed);
    else await serverState.declareLost(database, sourceName, reason);
    await tellRetention(history, offsets);
    return reason;
  }

  /** Certain only if the connector stands still: what it stores is a little behind what it has read. */
  async function findPurged({ purged }: ServerHistory, offsets: ConnectorOffset[]): Promise<string | undefined> {
    const stored = storedGtids(offsets);
    const isGone = stored !== undefined && !(await containsGtids(source, stored, purged));
    const isCertain = isGone && suspect === stored;
    suspect = isGone ? stored : undefined;
    return isCertain ? 'the user database has purged binary logs that the connector has not read' : undefined;
  }

  /** What the connector fails at again after each restart. */
  async function findImpassable(): Promise<string | undefined> {
    const status = await parts.connect.status(parts.connectorName).catch(() => undefined);
    return status && incompleteRow(status);
  }

  async function tellRetention({ executed, keepsSeconds }: ServerHistory, offsets: ConnectorOffset[]): Promise<void> {
    const stored = storedGtids(offsets);
    const behind = secondsBehind(offsets);
    const isNear =
      keepsSeconds > 0 &&
      stored !== undefined &&
      behind > keepsSeconds / 2 &&
      !(await containsGtids(source, stored, executed));
    if (!isNear) return health.clear(retentionPart);
    const problem = `the connector is ${hours(behind)} behind, and the user database keeps its binary logs for ${hours(keepsSeconds)}`;
    health.report(retentionPart, new SyncError('retention_near', problem));
  }

  const lookSafely = () =>
    look().catch((error) => {
      const { kind, message } = toSyncError(error);
      health.report(part, new SyncError('user_database_unavailable', `${kind}: ${message}`));
    });
  await lookSafely();
  const looking = repeat(parts.intervalMs, lookSafely);
  return {
    check() {
      if (lost) throw lost;
    },
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  };
}

function incompleteRow(status: ConnectorStatus): string | undefined {
  return metIncompleteRow(status)
    ? 'the connector has met a row that lacks columns of its table: a session wrote it with a binlog_row_image other than FULL, or changed the table with sql_log_bin=0'
    : undefined;
}

/** Age of the event that the connector has stored last. */
function secondsBehind(offsets: readonly ConnectorOffset[]): number {
  const at = Number(offsets[0]?.offset.ts_sec);
  return Number.isFinite(at) ? Date.now() / 1000 - at : 0;
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}
