import { type ConnectorStatus, metIncompleteRow } from '@friend-sync/connectors';
import { findUnsent } from '../../infrastructure/mysql/server/binlog-rest.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { isOneGtid, subtractGtids, unitedGtids, upTo } from '../../infrastructure/mysql/server/gtid-set.ts';
import type { HistoryLoss, SeenServer, ServerHistory } from '../../infrastructure/mysql/state/server-state.ts';
import type { SentUpTo } from '../proof/streams.ts';

/**
 * A commit is sent once it is in the binary log. Where it waits for a replica's answer it is not executed yet, and no
 * other commit is; MySQL gives the replica 10 s by default.
 */
const COMMIT_MS = 15_000;

/** What one look has seen: first what was ingested, then what was sent, then where that began and what the server has. */
export interface HistoryLook {
  /** What was remembered before. */
  readonly seen: SeenServer | undefined;
  readonly ingested: readonly string[];
  readonly status: ConnectorStatus | undefined;
  /** Undefined: the connector has stored no position. */
  readonly sent: SentUpTo | undefined | 'unknown';
  /** Where it began, read after what it has sent. */
  readonly begun: string | undefined | 'unknown';
  readonly history: ServerHistory;
}

/** What may be a loss, if the next look sees it too. */
interface Suspicion extends HistoryLoss {
  /** Which transactions it is about. */
  readonly gtids: string;
  readonly executed: string;
  readonly sinceMs: number;
}

type Kind = 'ahead' | 'behind' | 'purged';

/** Tells by what looks see, one after another, that a source's changes cannot be followed without a gap. */
export class LossFinder {
  readonly #server: Database;
  readonly #connector: string;
  #suspicions = new Map<Kind, Suspicion>();

  constructor(server: Database, connectorName: string) {
    this.#server = server;
    this.#connector = `the connector ${connectorName}`;
  }

  /** What the next look may find to be certain. */
  get suspicion(): HistoryLoss | undefined {
    return [...this.#suspicions.values()][0];
  }

  async find(look: HistoryLook): Promise<HistoryLoss | undefined> {
    const before = this.#suspicions;
    this.#suspicions = new Map();
    return (
      (await this.#findSetBack(look)) ??
      (await this.#findAhead(look, before.get('ahead'))) ??
      (await this.#findBegunAnew(look)) ??
      (await this.#findPositionLost(look, before.get('behind'))) ??
      (await this.#findPurged(look, before.get('purged'))) ??
      this.#findIncompleteRow(look)
    );
  }

  async #findSetBack({ seen, history }: HistoryLook): Promise<HistoryLoss | undefined> {
    if (!seen || (await this.#subtract(seen.executed, history.executed)) === '') return undefined;
    return forPerson(`the user database lacks transactions that it had at ${seen.seenAt} UTC: it was set back`);
  }

  async #findAhead(look: HistoryLook, before: Suspicion | undefined): Promise<HistoryLoss | undefined> {
    const { sent, ingested, history } = look;
    const known = unitedGtids([...(isStored(sent) ? [sent.gtids] : []), ...ingested]);
    const ahead = await this.#subtract(known, history.executed);
    if (ahead === '') return undefined;
    const reason = `the user database lacks transactions that ${this.#connector} has sent: it was set back`;
    const suspicion = this.#suspect('ahead', look, ahead, forPerson(reason), before);
    const isWaitedFor = suspicion.executed === history.executed && performance.now() - suspicion.sinceMs < COMMIT_MS;
    return before && !isWaitedFor && (await this.#isLasting(before, ahead)) ? suspicion : undefined;
  }

  /** Where it has a position again, which looks like any. Whatever it sends, it has sent what came before its beginning. */
  async #findBegunAnew({ seen, begun }: HistoryLook): Promise<HistoryLoss | undefined> {
    if (!seen || !begun || begun === 'unknown') return undefined;
    if ((await this.#subtract(begun, seen.sent ?? seen.executed)) === '') return undefined;
    return forPerson(`${this.#connector} has lost its position: it began at the present`);
  }

  async #findPositionLost(look: HistoryLook, before: Suspicion | undefined): Promise<HistoryLoss | undefined> {
    const { sent, seen } = look;
    // Of a transaction under way the first messages may be there, and it is not counted as sent.
    const messages = look.ingested.filter(isOneGtid);
    const known = unitedGtids([seen?.sent ?? '', ...messages]);
    if (sent === 'unknown' || known === '') return undefined;
    const reason = `${this.#connector} has lost its position`;
    // At once: it may have another one soon.
    if (!sent) return forPerson(`${reason}: it begins at the present`);
    const behind = await this.#subtract(known, sent.gtids);
    if (behind === '') return undefined;
    // What the log has before a message had been sent as well. Its own transaction may be under way.
    const until = unitedGtids(messages.map(upTo));
    const unknown = await this.#subtract(until, look.history.executed);
    const missing = await this.#subtract(unitedGtids([behind, await this.#subtract(until, unknown)]), sent.gtids);
    if (isOneGtid(missing)) return undefined;
    // Kafka's producer can commit what a task has sent without the position that was to be committed with it (docs/decisions/0014).
    const loss = { reason: `${reason}: it lies behind what was ingested`, mayHeal: true };
    const suspicion = this.#suspect('behind', look, missing, loss);
    return before && (await this.#isLasting(before, missing)) ? suspicion : undefined;
  }

  async #findPurged(look: HistoryLook, before: Suspicion | undefined): Promise<HistoryLoss | undefined> {
    const { sent, history } = look;
    if (!isStored(sent) || (await findUnsent(this.#server, sent, history.purged)) === undefined) return undefined;
    const unread = await this.#subtract(history.purged, sent.gtids);
    const reason = `the user database has no binary log any more of transactions that ${this.#connector} has not read: they were purged, or added to gtid_purged`;
    const suspicion = this.#suspect('purged', look, unread, { reason, mayHeal: true });
    // What is stored is a little behind what was read.
    return before && (await this.#isLasting(before, unread)) ? suspicion : undefined;
  }

  #findIncompleteRow({ status }: HistoryLook): HistoryLoss | undefined {
    if (!status || !metIncompleteRow(status)) return undefined;
    const reason = `${this.#connector} has met a row that lacks columns of its table: a session wrote it with a binlog_row_image other than FULL, or changed the table with sql_log_bin=0`;
    return { reason, mayHeal: true };
  }

  #suspect(kind: Kind, { history }: HistoryLook, gtids: string, loss: HistoryLoss, since?: Suspicion): Suspicion {
    const { executed = history.executed, sinceMs = performance.now() } = since ?? {};
    const suspicion = { ...loss, gtids, executed, sinceMs };
    this.#suspicions.set(kind, suspicion);
    return suspicion;
  }

  /** Whether some of the transactions that raised a suspicion raise it still. */
  async #isLasting(before: Suspicion, gtids: string): Promise<boolean> {
    return (await this.#subtract(before.gtids, gtids)) !== before.gtids;
  }

  #subtract(whole: string, part: string): Promise<string> {
    return subtractGtids(this.#server, whole, part);
  }
}

function forPerson(reason: string): HistoryLoss {
  return { reason, mayHeal: false };
}

function isStored(sent: HistoryLook['sent']): sent is SentUpTo {
  return sent !== undefined && sent !== 'unknown';
}
