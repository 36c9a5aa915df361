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
  /** Asked before a step that changes something. Where it says no, neither that step is done nor those after it. */
  readonly mayDo: (step: PlannedStep) => Promise<boolean>;
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
  events: ApplyEvents,
): Promise<PlannedStep[]> {
  const left: PlannedStep[] = [];
  for (const step of steps) {
    events.onStep(step);
    if (step.kind === 'grants')
      throw new SyncError('store_misconfigured', 'rights are missing, without which nothing can be done', {
        hint: 'run the SQL above on the servers, then this command once more',
      });
    if (step.kind === 'daemons') await awaitDaemons(doing, deadlineMs, events.onWait);
    else if (step.kind === 'tables' || step.kind === 'revoke') left.push(step);
    else {
      await requireYes(step, events);
      await change(doing, step, deadlineMs, events);
    }
  }
  return left;
}

/** Throws where the operator says no. */
export async function requireYes(step: PlannedStep, { mayDo }: Pick<ApplyEvents, 'mayDo'>): Promise<void> {
  if (await mayDo(step)) return;
  throw new SyncError('aborted', `not done: ${step.what}; the same command goes on there`);
}

async function change(doing: Doing, step: PlannedStep, deadlineMs: number, { onPart }: ApplyEvents): Promise<void> {
  const { connect, servers } = doing;
  const { kind, names, settings = [] } = step;
  const { sources } = servers.configuration.mapping;
  if (kind === 'migrate') await doing.executeMigration();
  if (kind === 'connectors') await doing.applyConnectors(CONNECTORS_MS, onPart);
  if (kind === 'topics')
    for (const { topic, name, value } of settings) await servers.admin.configureTopic(topic, { [name]: value });
  if (kind === 'restart') for (const name of names) await connect.restart(name, { onlyFailed: true });
  if (kind === 'delete') for (const name of names) await connect.delete(name);
  if (kind === 'backfill')
    await doing.backfill(
      sources.filter(({ name }) => names.includes(name)),
      deadlineMs,
    );
}

/** Returns once daemons run, all of them by this mapping. */
async function awaitDaemons(doing: Doing, deadlineMs: number, onWait: OnWait): Promise<void> {
  const { database, daemons } = await doing.store();
  const wanted = fingerprintsOf(doing.servers.configuration.mapping);
  const look = async () => {
    const running = await daemons.running(database);
    return running.length > 0 && running.every((one) => isSame(one?.sources, wanted));
  };
  await waiting(deadlineMs, { onWait })('daemons have not been started, or restarted, with this mapping', look);
}
