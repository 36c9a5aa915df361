import { type Configuration, changeTopic, type SourceMapping, sourceConnector } from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { readHistory } from '../../infrastructure/mysql/state/server-state.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { type BeginningParts, beginning } from './beginning.ts';
import { cut } from './offsets.ts';
import { ownTopics } from './own-names.ts';
import { type OnStep, runSteps, type Step } from './steps.ts';

export interface EpochParts extends Omit<BeginningParts, 'settings'> {
  readonly configuration: Configuration;
  readonly store: Store;
  /** The user database. */
  readonly source: Database;
}

/** What a new epoch means for one source. */
export interface EpochPlan {
  readonly source: SourceMapping;
  readonly topic: string;
  readonly connector: string;
  /** Why its changes can no longer be followed; undefined: nothing says so. */
  readonly historyLost: string | undefined;
}

export function planEpoch(
  { configuration, store }: Pick<EpochParts, 'configuration' | 'store'>,
  sources: readonly SourceMapping[],
): Promise<EpochPlan[]> {
  const plans = sources.map(async (source) => ({
    source,
    topic: changeTopic(configuration.settings, source),
    connector: sourceConnector(configuration, source).name,
    historyLost: (await store.serverState.read(store.database, source.name))?.lost?.reason,
  }));
  return Promise.all(plans);
}

/**
 * Begins a new epoch of a source: what its topic holds up to now no longer counts, its connector begins anew at the user
 * server's present, and every row is read. It leads out of every state that the connector, its topics or the user server
 * may be in; daemons need not be stopped. Broken off at any step it may be repeated, and until then nobody takes the
 * source for one that is followed.
 */
export async function beginEpoch(
  parts: EpochParts,
  source: SourceMapping,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<void> {
  const { configuration, store, admin } = parts;
  const { database, serverState } = store;
  const { settings } = configuration;
  const topic = changeTopic(settings, source);
  const { stop, run } = beginning({ ...parts, settings }, sourceConnector(configuration, source));
  const begins = () => serverState.epochBegins(database, source.name);
  const following: Step[] = [
    { name: 'creating topics that are missing', run: () => admin.ensureTopics(ownTopics(configuration, store)) },
    ...stop,
    {
      name: `cutting ${topic}`,
      async run() {
        const { executed } = await readHistory(parts.source);
        await cut(store, admin, topic, executed);
      },
    },
    ...run,
    // Both before it counts as begun: broken off in between, nobody would ask for them any more.
    {
      name: 'asking for a round over all rows',
      async run() {
        // The stream has begun anew, and is trusted until it is found wrong.
        const own = store.sources.get(source.name);
        await own?.reads.clearDistrust(database, 'proof', 'table');
        await own?.round.request(database);
      },
    },
    {
      name: 'remembering what the user server has',
      async run() {
        // Only now: what was committed before the connector had its position is not sent.
        const { executed } = await readHistory(parts.source);
        await serverState.beginAnew(database, source.name, executed);
      },
    },
  ];
  const steps = [
    { name: `remembering that an epoch of ${source.name} begins`, run: begins },
    ...following.map(({ name, run }) => ({ name, run: () => begins().then(run) })),
  ];
  await runSteps(steps, onStep, signal);
}
