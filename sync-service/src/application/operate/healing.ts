import type { SourceMapping } from '@friend-sync/connectors';
import { toSyncError } from '../../errors.ts';
import type { ReadsStore } from '../../infrastructure/mysql/state/reads-store.ts';
import { EPOCH_BEGINS } from '../../infrastructure/mysql/state/server-state.ts';
import type { Logger } from '../../log.ts';
import type { ConnectorWatch } from '../supervise/connector-watch.ts';
import type { HistoryWatch } from '../supervise/history-watch.ts';
import { repeat } from '../supervise/repeat.ts';
import { beginEpoch, type EpochParts } from './epoch.ts';
import { STEP_MS } from './steps.ts';

const LOOK_EVERY_MS = 2_000;
/** What has stopped a source again so soon is for a person to look at. */
const AT_MOST_EVERY_SECONDS = 3_600;

export interface HealingParts {
  readonly epoch: EpochParts;
  readonly source: SourceMapping;
  readonly reads: ReadsStore;
  readonly history: Pick<HistoryWatch, 'loss'>;
  readonly connector: Pick<ConnectorWatch, 'failingSince'>;
  /** Whether the servers answer that the connector needs: while one is away, a new epoch would break off. */
  readonly canServe: () => Promise<boolean>;
  /** How long the source stands still before it heals itself. */
  readonly afterMs: number;
  readonly log: Logger;
}

/**
 * Begins a new epoch of a source by itself where its connector cannot pass what lies before it (a DDL that it cannot read,
 * a row without all its columns, a message too large, binary logs that are gone), where it misreads the keys, and where an
 * epoch was broken off. Reading every row makes good whatever it was. Where the server was set back, or the connector's
 * position is lost, it does nothing: that is for a person to decide.
 */
export function watchHealing(parts: HealingParts): AsyncDisposable {
  const { source, reads, history, connector, afterMs, log, epoch } = parts;
  const { database } = epoch.store;
  const stopping = new AbortController();
  let standsSince: number | undefined;
  /** A step of an epoch that somebody has begun ended here; undefined: nobody has. */
  let lastStep: string | undefined;
  /** What was begun and has not ended was begun here, and broke off. */
  let isOurs = false;

  async function look(): Promise<void> {
    const loss = history.loss();
    const isBegun = loss?.reason === EPOCH_BEGINS;
    // It has ended, by whoever: the next one is not ours.
    if (!isBegun) isOurs = false;
    if (loss && !loss.mayHeal) return;
    const failingSince = connector.failingSince();
    // What fails because a server is away goes on when it is back, by the restarts that follow.
    if ((!loss && failingSince === undefined) || !(await parts.canServe())) {
      standsSince = undefined;
      return;
    }
    if (isBegun && !isOurs && loss.since !== lastStep) standsSince = undefined;
    lastStep = loss?.since;
    standsSince ??= performance.now();
    // Somebody else's new epoch goes on beside this one as long as its steps do.
    if (performance.now() - standsSince < (isBegun && !isOurs ? Math.max(afterMs, STEP_MS) : afterMs)) return;
    if (!(await reads.mayHeal(database, AT_MOST_EVERY_SECONDS))) return;
    const reason = loss?.reason ?? 'its connector fails again after each restart';
    log.error({ source: source.name, reason }, 'a new epoch begins by itself: the source stood still');
    const onStep = (step: string) => log.info({ source: source.name, step }, 'a new epoch');
    await beginEpoch(epoch, source, onStep, stopping.signal).catch(async (error) => {
      isOurs = true;
      await reads.takeBackHealing(database).catch(() => {});
      throw error;
    });
    standsSince = undefined;
  }

  const looking = repeat(LOOK_EVERY_MS, () =>
    look().catch((error) =>
      log.error({ source: source.name, problem: toSyncError(error).message }, 'the new epoch was not begun'),
    ),
  );
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking[Symbol.asyncDispose]();
    },
  };
}
