import { setTimeout as delay } from 'node:timers/promises';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Perseverance } from '../watch/perseverance.ts';
import { repeat } from '../watch/repeat.ts';

const PART = 'patrol';
const LOOK_EVERY_MS = 1_000;
/** A patrol that is silent for so long is another instance's. */
const LEASE_SECONDS = 30;
const CHUNK_ROWS = 5_000;
/** After each chunk it rests for so many times as long as the chunk took: it uses a tenth of one connection. */
const REST_FACTOR = 9;
const LONGEST_REST_MS = 10_000;

export interface PatrolEvents {
  /** Keys of a source were marked; of these many nobody knew that their copies differ. */
  onMarked(source: string, driftedKeys: number): void;
  onRound(durationMs: number, driftedKeys: number): void;
}

/**
 * Compares every copy with the mirror once, by the targets' primary keys, and marks the keys that differ; the fan-out
 * corrects them. `rest` is called after each chunk with the time that it took; false ends the round. Returns how many
 * keys had drifted; undefined: the round was ended.
 */
export async function patrolRound(
  store: Store,
  rest: (chunkMs: number) => Promise<boolean>,
  onMarked: PatrolEvents['onMarked'] = () => {},
  run: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
  chunkRows = CHUNK_ROWS,
): Promise<number | undefined> {
  let drifted = 0;
  for (const [name, source] of store.sources) {
    for (const sweep of source.sweeps) {
      for (let after: readonly string[] | undefined = []; after; ) {
        const from: readonly string[] = after;
        const began = performance.now();
        const chunk = await run(() => patrolChunk(store, source, sweep, from, chunkRows));
        if (chunk.marked > 0) onMarked(name, chunk.drifted);
        drifted += chunk.drifted;
        if (!(await rest(performance.now() - began))) return undefined;
        after = chunk.end;
      }
    }
  }
  return drifted;
}

/** Keys that are pending are marked as well: a pass that is under way may be past the copy that differs now. */
async function patrolChunk(
  { database }: Store,
  { pending }: SourceStore,
  sweep: SourceStore['sweeps'][number],
  after: readonly string[],
  chunkRows: number,
): Promise<{ end: string[] | undefined; marked: number; drifted: number }> {
  const end = await sweep.chunkEnd(database, after, chunkRows);
  const differing = await sweep.differing(database, { after, upTo: end });
  await pending.mark(
    database,
    differing.map(({ key }) => key),
  );
  return { end, marked: differing.length, drifted: differing.filter(({ isDrift }) => isDrift).length };
}

export interface PatrolOptions {
  readonly store: Store;
  readonly perseverance: Perseverance;
  readonly intervalSeconds: number;
  readonly events: PatrolEvents;
}

/** Patrols every `intervalSeconds`, one instance at a time, until it is disposed. */
export function startPatrol({ store, perseverance, intervalSeconds, events }: PatrolOptions): AsyncDisposable {
  const { database, patrol } = store;
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = <T>(work: () => Promise<T>) => perseverance.run(PART, signal, work);

  async function look(): Promise<void> {
    const token = await run(() => patrol.begin(database, LEASE_SECONDS));
    if (token === undefined) return;
    const rest = async (chunkMs: number): Promise<boolean> => {
      await delay(Math.min(LONGEST_REST_MS, chunkMs * REST_FACTOR), undefined, { signal });
      return run(() => patrol.renew(database, token, LEASE_SECONDS));
    };
    try {
      const began = performance.now();
      const drifted = await patrolRound(store, rest, events.onMarked, run);
      if (drifted === undefined) return;
      await run(() => patrol.end(database, token, drifted, intervalSeconds));
      events.onRound(performance.now() - began, drifted);
    } catch (error) {
      await patrol.abandon(database, token).catch(() => {});
      throw error;
    }
  }

  // What it throws is that it is being stopped; everything else it has persevered through.
  const looking = repeat(LOOK_EVERY_MS, () => look().catch(() => {}));
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking[Symbol.asyncDispose]();
    },
  };
}
