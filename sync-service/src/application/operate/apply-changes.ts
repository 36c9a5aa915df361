import type { ConnectClient, SourceMapping } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { type OnWait, waiting } from '../proof/wait.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { isSame, type PlannedStep } from './planned-steps.ts';
import type { Servers } from './servers.ts';
import type { OnStep } from './steps.ts';

/** What the steps of a plan are done by. */
export interface Doing {
  readonly servers: Servers;
  readonly connect: ConnectClient;
  executeMigration(): Promise<void>;
  applyConnectors(deadlineMs: number, onStep: OnStep): Promise<unknown>;
  backfill(sources: readonly SourceMapping[], deadlineMs: number): Promise<void>;
  store(): Promise<Store>;
}

export interface ApplyEvents {
  /** Before a step is done. */
  readonly onStep: (step: PlannedStep) => void;
  readonly onPart: OnStep;
  readonly onWait: OnWait;
}

const CONNECTORS_MS = 60_000;

/**
 * Does the steps of a plan one after another. Daemons are restarted by somebody else, and waited for; rights are given by
 * somebody else, and where one is missing nothing follows. Returns the steps that are left to others.
 */
export async function applyChanges(
  doing: Doing,
  steps: readonly PlannedStep[],
  deadlineMs: number,
  { onStep, onPart, onWait }: ApplyEvents,
): Promise<PlannedStep[]> {
  const { sources } = doing.servers.configuration.mapping;
  const left: PlannedStep[] = [];
  for (const step of steps) {
    onStep(step);
    if (step.kind === 'migrate') await doing.executeMigration();
    else if (step.kind === 'connectors') await doing.applyConnectors(CONNECTORS_MS, onPart);
    else if (step.kind === 'daemons') await awaitDaemons(doing, deadlineMs, onWait);
    else if (step.kind === 'delete') for (const name of step.names) await doing.connect.delete(name);
    else if (step.kind === 'backfill')
      await doing.backfill(
        sources.filter(({ name }) => step.names.includes(name)),
        deadlineMs,
      );
    else left.push(step);
    if (step.kind === 'grants')
      throw new SyncError('store_misconfigured', 'rights are missing, without which nothing can be done', {
        hint: 'run the SQL above on the servers, then this command once more',
      });
  }
  return left;
}

/** Returns once daemons run, all of them by this mapping. */
async function awaitDaemons(doing: Doing, deadlineMs: number, onWait: OnWait): Promise<void> {
  const { database, daemons } = await doing.store();
  const wanted = fingerprintsOf(doing.servers.configuration.mapping);
  const look = async () => {
    const running = await daemons.running(database);
    return running.length > 0 && running.every((one) => isSame(one?.sources, wanted));
  };
  await waiting(deadlineMs, { onWait })('daemons have not been restarted with this mapping', look);
}
