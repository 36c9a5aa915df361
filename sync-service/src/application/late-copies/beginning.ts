import type { ConnectorDefinition } from '@friend-sync/connectors';
import { EPOCH_BEGINS } from '../../infrastructure/mysql/state/server-state.ts';
import { requestRounds, type Store } from '../../infrastructure/mysql/store.ts';
import { type BeginningParts, beginning } from '../operate/beginning.ts';
import { type OnStep, runSteps, STEP_MS } from '../operate/steps.ts';

/** Under this name, which no source can have, is remembered that the late copies' connector begins anew. */
const LATE_COPIES = 'late-copies';

export interface LateCopiesBeginningParts extends BeginningParts {
  readonly store: Store;
}

/**
 * The connector that tails the target tables begins at the friend server's present. Broken off at any step, which may leave
 * it stopped, it is begun once more by whoever comes next: a daemon, or `connectors apply`.
 */
export async function beginLateCopies(
  parts: LateCopiesBeginningParts,
  connector: ConnectorDefinition,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<void> {
  const { database, serverState } = parts.store;
  const { stop, run } = beginning(parts, connector);
  const begins = () => serverState.epochBegins(database, LATE_COPIES);
  const steps = [...stop, ...run].map((step) => ({ ...step, run: () => begins().then(step.run) }));
  await runSteps(steps, onStep, signal);
  // Copies that were written before it streamed are the patrol's. First: broken off in between, nobody would ask for it any more.
  await requestRounds(parts.store, database);
  await serverState.beginAnew(database, LATE_COPIES, '');
}

/** Whether that was begun and has not ended. */
export async function lateCopiesBegin({
  database,
  serverState,
}: Pick<Store, 'database' | 'serverState'>): Promise<boolean> {
  return (await serverState.read(database, LATE_COPIES))?.lost?.reason === EPOCH_BEGINS;
}

/** Whether whoever began it no longer goes on with it. */
export function lateCopiesAreBrokenOff({ database, serverState }: Store): Promise<boolean> {
  return serverState.isBrokenOff(database, LATE_COPIES, STEP_MS / 1000);
}
