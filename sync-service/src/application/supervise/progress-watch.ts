import { SyncError, toSyncError } from '../../errors.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import { awaitFanOut, awaitIngest, awaitReads, type BarrierParts } from '../proof/barrier.ts';
import { standstills } from '../proof/standstill.ts';
import type { Stream } from '../proof/streams.ts';
import { type Wait, waiting } from '../proof/wait.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

/** The barrier is given so long at each look; what is only behind shows progress at the next one. */
const BARRIER_MS = 5_000;

/** What can stand still while the others move: the late copies' connector always does, for it reads our own writes. */
interface Stage {
  readonly part: string;
  readonly streams?: readonly Stream[];
  pass(waitUntil: Wait): Promise<void>;
  /** Differs from one look to the next if anything has moved. */
  progress(): Promise<string>;
}

/**
 * Reports a pipeline that stands still: the barrier is not passed, and since the last look a connector and the ingest of
 * its topics, or fan-out, have not moved. Names the step of the barrier; and a topic that does not exist, without which a
 * connector looks as if it ran and sends nothing.
 */
export function watchProgress(parts: BarrierParts, health: Health, intervalMs: number): AsyncDisposable {
  const stages = [
    ...parts.streams.map((stream) => ingestOf(stream, parts)),
    readsOf(parts),
    refusedOf(parts),
    fanOutOf(parts),
  ];
  const before = new Map<Stage, string>();

  async function look(stage: Stage): Promise<void> {
    try {
      await stage.pass(waiting(BARRIER_MS, { obstacles: () => standstills(parts.store, stage.streams ?? []) }));
      before.delete(stage);
      health.clear(stage.part);
    } catch (caught) {
      const error = toSyncError(caught);
      if (error.policy.directive !== 'retry') return health.report(stage.part, error);
      const now = await stage.progress();
      if (now === before.get(stage))
        health.report(stage.part, new SyncError('pipeline_stuck', `nothing moves; ${error.message}`));
      else health.clear(stage.part);
      before.set(stage, now);
    }
  }

  // What cannot even be read is another part's trouble.
  return repeat(intervalMs, async () => {
    await Promise.all(stages.map((stage) => look(stage).catch(() => {})));
  });
}

function ingestOf(stream: Stream, parts: BarrierParts): Stage {
  const { store, admin } = parts;
  return {
    part: `pipeline from ${stream.connectorName}`,
    streams: [stream],
    async pass(waitUntil) {
      for (const topic of [...stream.topics, stream.heartbeatTopic]) await admin.partitionCount(topic);
      await awaitIngest(stream, parts, waitUntil);
    },
    async progress() {
      const consumed = await Promise.all(stream.topics.map((topic) => store.consumed.readAll(store.database, topic)));
      const offsets = consumed.map((partitions) => [...partitions].map(([n, { nextOffset }]) => `${n}:${nextOffset}`));
      return JSON.stringify([await stream.sent().catch(() => 'unknown'), offsets]);
    },
  };
}

function readsOf({ store }: BarrierParts): Stage {
  return {
    part: 'reads at the source',
    pass: (waitUntil) => awaitReads(store, waitUntil),
    progress: () => fingerprints(store, ({ due }) => due),
  };
}

/** Rows that were read and that the mirror does not take; nothing waits for them. */
function refusedOf({ store }: BarrierParts): Stage {
  return {
    part: 'rows that the mirror refuses',
    async pass() {
      for (const [name, { due }] of store.sources) {
        const [first, ...more] = await due.refused(store.database);
        if (!first) continue;
        const others = more.length > 0 ? ` (and of ${more.length} more keys)` : '';
        const problem = `the row of ${name} ${first.key}${others}: ${first.reason}`;
        throw new SyncError('store_refused', problem);
      }
    },
    progress: async () => '',
  };
}

function fanOutOf({ store }: BarrierParts): Stage {
  return {
    part: 'pipeline to the copies',
    pass: (waitUntil) => awaitFanOut(store, waitUntil),
    progress: () => fingerprints(store, ({ pending }) => pending),
  };
}

/** Of the keys that wait, for each source. */
async function fingerprints(
  { database, sources }: Store,
  of: (source: SourceStore) => Pick<SourceStore['due'], 'fingerprint'>,
): Promise<string> {
  return JSON.stringify(await Promise.all([...sources.values()].map((source) => of(source).fingerprint(database))));
}
