import { setTimeout as delay } from 'node:timers/promises';
import { historyLost, POLICY, SyncError, toSyncError } from '../../errors.ts';
import { containsGtids } from '../../infrastructure/mysql/server/gtid-set.ts';
import {
  findUntoldUpdates,
  type HistoryLoss,
  readHistory,
  type ServerHistory,
} from '../../infrastructure/mysql/state/server-state.ts';
import { type Store, USER_DATABASE } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { SentUpTo, Stream } from '../proof/streams.ts';
import type { Health } from './health.ts';
import { LossFinder } from './history-loss.ts';
import { repeat } from './repeat.ts';

/** Connect answers by reading a topic to its end, and what a look misses leaves its trace. */
const INTERVAL_MS = 3_000;
/** A daemon that starts waits so long for what the first look finds; what it asks may not answer. */
const FIRST_LOOK_MS = 5_000;

/** Whether a source's changes can be followed without a gap. */
export interface HistoryWatch extends AsyncDisposable {
  /** Throws `history_lost` while they cannot. */
  check(): void;
  /** Undefined while they can. */
  loss(): HistoryLoss | undefined;
  /** Looks now; throws `history_lost` where they cannot, and where the next look may say so. */
  requireIntact(): Promise<void>;
}

export interface HistoryWatchParts {
  readonly sourceName: string;
  /** What its connector sends of the user server's commits. */
  readonly stream: Stream;
  /** The GTIDs at which its connector last began without a position; undefined: nothing is known of that. */
  readonly begun: () => Promise<string | undefined>;
  /** The newest transaction, or a set that holds it, of what was ingested of each partition. */
  readonly ingested: () => Promise<readonly string[]>;
  readonly store: Store;
  readonly health: Health;
  readonly log: Logger;
  /** As it was stored before. */
  readonly loss: HistoryLoss | undefined;
  readonly intervalMs?: number;
}

/**
 * Notices that the user server was set back (restored, reset, failed over with a loss), that the connector has lost its
 * position, or that the server no longer has the binary logs that it was to read next. Debezium notices none of it for
 * certain, and skips changes in silence: a server that was set back once it has passed the connector's GTID set, and a
 * connector without a position because it begins at the present. Notices, too, that the connector stands at
 * a row that it can never read. Ends after its first look, or when that takes long.
 */
export async function watchHistory(parts: HistoryWatchParts): Promise<HistoryWatch> {
  const { sourceName, stream, store, health } = parts;
  const { server, connectorName } = stream;
  const part = `user database, source ${sourceName}`;
  const updatesPart = `updates, source ${sourceName}`;
  const finder = new LossFinder(server, connectorName);
  let { loss } = parts;

  async function look(): Promise<void> {
    const found = await findLoss();
    if (found && found.reason !== loss?.reason) tell(found);
    loss = found;
    if (loss) health.report(part, toError(loss));
    else health.clear(part);
  }

  /** Ingest would say it with the next message, and there may be none. */
  function tell(found: HistoryLoss): void {
    const { message: problem } = toError(found);
    const { hint } = POLICY.history_lost;
    parts.log.error({ part, kind: 'history_lost', problem, hint }, 'the user database cannot be followed');
  }

  const toError = ({ reason }: HistoryLoss) => historyLost(sourceName, reason);

  async function findLoss(): Promise<HistoryLoss | undefined> {
    const { database, serverState } = store;
    const seen = await serverState.read(database, sourceName);
    if (seen?.lost) return seen.lost;
    // In this order: what was ingested had been sent, what was sent had been committed, and came after the beginning.
    const ingested = await parts.ingested();
    const status = await stream.status().catch(() => undefined);
    const sent = await stream.sent().catch(() => 'unknown' as const);
    const begun = await readBeginning(parts);
    const history = await readHistory(server);
    const found = await finder.find({ seen, ingested, status, sent, begun, history });
    if (found && !(await serverState.declareLost(database, sourceName, seen, found)))
      return (await serverState.read(database, sourceName))?.lost;
    const stored = sent === 'unknown' ? undefined : sent;
    const { executed } = history;
    // Of a connector that may have begun anew it would hide that.
    const sentGtids = begun === 'unknown' ? undefined : stored?.gtids;
    // What is suspected is not to count as what was there before.
    if (!found && !finder.suspicion)
      await serverState.remember(database, sourceName, seen, { executed, sent: sentGtids });
    await tellRetention(parts, history, stored);
    const untold = await findUntoldUpdates(server, USER_DATABASE);
    if (untold) health.report(updatesPart, new SyncError('contract_broken', untold));
    else health.clear(updatesPart);
    return found;
  }

  // One look at a time: each is judged by the one before it.
  let looking = Promise.resolve();
  function lookNext(): Promise<void> {
    const next = looking.then(look);
    looking = next.catch(() => {});
    return next;
  }
  const lookSafely = () =>
    lookNext().catch((error) => {
      health.report(part, toSyncError(error));
    });
  await Promise.race([lookSafely(), delay(FIRST_LOOK_MS, undefined, { ref: false })]);
  const watching = repeat(parts.intervalMs ?? INTERVAL_MS, lookSafely);
  return {
    check() {
      if (loss) throw toError(loss);
    },
    loss: () => loss,
    async requireIntact() {
      await lookNext();
      const suspicion = loss ?? finder.suspicion;
      if (suspicion) throw toError(suspicion);
    },
    [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose](),
  };
}

/** Where the connector began; `unknown` while nobody can tell. */
async function readBeginning({
  begun,
  health,
  sourceName,
  stream,
}: HistoryWatchParts): Promise<string | undefined | 'unknown'> {
  const part = `schema history of ${stream.connectorName}`;
  try {
    const at = await begun();
    health.clear(part);
    return at;
  } catch (caught) {
    const error = toSyncError(caught);
    // Until then nobody can tell whether it began anew.
    const problem = `${error.message}: the connector does not start again without it; friend-sync epoch new ${sourceName} --execute makes another`;
    if (error.policy.directive === 'halt') health.note(part, new SyncError(error.kind, problem));
    return 'unknown';
  }
}

/** Tells of a connector that may soon lack what it has not read. */
async function tellRetention(
  { health, sourceName, stream: { server, connectorName } }: HistoryWatchParts,
  { executed, keepsSeconds }: ServerHistory,
  sent: SentUpTo | undefined,
): Promise<void> {
  const part = `binary logs, source ${sourceName}`;
  const behind = sent?.eventAtMs === undefined ? 0 : (Date.now() - sent.eventAtMs) / 1000;
  const isNear =
    sent !== undefined &&
    keepsSeconds > 0 &&
    behind > keepsSeconds / 2 &&
    !(await containsGtids(server, sent.gtids, executed));
  if (!isNear) return health.clear(part);
  const problem = `the connector ${connectorName} is ${hours(behind)} behind, and the user database keeps its binary logs for ${hours(keepsSeconds)}`;
  health.report(part, new SyncError('retention_near', problem));
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}
