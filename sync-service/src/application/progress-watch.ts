import { SyncError, toSyncError } from '../errors.ts';
import { type BarrierParts, passBarrier } from './barrier.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

const PART = 'pipeline';
/** The barrier is given so long at each look; what is only behind shows progress at the next one. */
const BARRIER_MS = 5_000;

/**
 * Reports a pipeline that stands still: the barrier is not passed, and since the last look nothing has moved, neither
 * connector nor ingest nor fan-out. Names the step of the barrier at which it stands.
 */
export function watchProgress(parts: BarrierParts, health: Health, intervalMs: number): AsyncDisposable {
  let before: string | undefined;

  async function look(): Promise<void> {
    try {
      await passBarrier(parts, BARRIER_MS);
      before = undefined;
      health.clear(PART);
    } catch (error) {
      const now = await progress(parts);
      if (now === before)
        health.report(PART, new SyncError('pipeline_stuck', `nothing moves; ${toSyncError(error).message}`));
      else health.clear(PART);
      before = now;
    }
  }

  // What cannot even be read is another part's trouble.
  return repeat(intervalMs, () => look().catch(() => {}));
}

/** Differs from one look to the next if anything has moved. */
async function progress({ store, streams }: BarrierParts): Promise<string> {
  const topics = streams.flatMap((stream) => stream.topics);
  const consumed = await Promise.all(topics.map((topic) => store.consumed.readAll(store.database, topic)));
  const offsets = consumed.map((partitions) => [...partitions].map(([n, { nextOffset }]) => `${n}:${nextOffset}`));
  const sources = [...store.sources.values()];
  const pending = await Promise.all(sources.map(({ pending }) => pending.fingerprint(store.database)));
  const sent = await Promise.all(streams.map(({ connectorGtids }) => connectorGtids().catch(() => 'unknown')));
  return JSON.stringify([sent, offsets, pending]);
}
