import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import { toSyncError } from '../../errors.ts';
import type { DueKey } from '../../infrastructure/mysql/due-store.ts';
import { unitedGtids } from '../../infrastructure/mysql/gtid-set.ts';
import type { Logger } from '../../log.ts';
import { awaitConsumed, awaitSent, readConsumed, requireSameLogs, waiting } from '../proof/barrier.ts';
import type { Suspect } from './look.ts';
import type { ReadParts } from './read-parts.ts';
import { leave, type Settled, writeReads } from './write-reads.ts';

/** What a server commits while its rows are read is in its executed set so much later. */
const VISIBLE_MS = 100;
/** A barrier that takes longer is given up; so is a partition that is not ingested meanwhile. */
const BARRIER_MS = 30_000;
const POLL_MS = 50;
/** So many rows in one transaction: ingest of the source waits for it. */
const MOST_KEYS = 200;
const MOST_NEW_KEYS = 1_000;

export interface SettleOptions {
  /** See `WriteReadsOptions.marksNew`. */
  readonly marksNew?: boolean;
  /** See `WriteReadsOptions.takesGone`; left out: of none. */
  readonly takesGone?: (key: Key) => boolean;
  readonly due?: ReadonlyMap<Key, DueKey>;
}

interface Waiting {
  readonly suspects: readonly Suspect[];
  readonly options: SettleOptions;
  readonly done: (settled: Settled[]) => void;
}

/**
 * Settles suspects of one source: waits until everything is ingested that the source had committed when they were read,
 * then writes those that still differ. One barrier serves all suspects that were gathered before it began.
 */
export class Settler {
  readonly #parts: ReadParts;
  readonly #log: Logger;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Suspects that are held in memory. */
  #held = 0;

  constructor(parts: ReadParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
  }

  get held(): number {
    return this.#held;
  }

  /** Never fails: what cannot be settled is given up, and is to be looked at again. */
  async settle(suspects: readonly Suspect[], options: SettleOptions = {}): Promise<Settled[]> {
    if (suspects.length === 0) return [];
    this.#held += suspects.length;
    try {
      return await new Promise<Settled[]>((done) => {
        this.#waiting.push({ suspects, options, done });
        this.#running ??= this.#run().finally(() => {
          this.#running = undefined;
        });
      });
    } finally {
      this.#held -= suspects.length;
    }
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const gathered = this.#waiting.splice(0);
      try {
        const ends = await this.#passBarrier(gathered);
        // Not awaited: a partition that stands still must not hold up what is read later of the others.
        for (const { suspects, options, done } of gathered)
          void Promise.all(this.#byPartition(suspects).map((group) => this.#write(group, ends, options))).then(
            (settled) => done(settled.flat()),
          );
      } catch (error) {
        this.#log.debug({ topic: this.#parts.topic, problem: toSyncError(error).message }, 'what was read waits');
        for (const { suspects, done } of gathered) done(suspects.map((suspect) => leave(suspect, 'given up')));
      }
    }
  }

  /** Returns the offsets up to which the topic's partitions hold everything that had been committed at the call. */
  async #passBarrier(gathered: readonly Waiting[]): Promise<ReadonlyMap<number, bigint>> {
    await delay(VISIBLE_MS, undefined, { signal: this.#parts.signal });
    const { stream, store, topic } = this.#parts;
    const before = await readConsumed([topic], store);
    const executed = new Set(gathered.flatMap(({ suspects }) => suspects.map((suspect) => suspect.executed)));
    const ends = await awaitSent(stream, this.#parts, this.#wait(), unitedGtids([...executed]));
    requireSameLogs(before, ends);
    return ends.get(topic) ?? new Map();
  }

  /** A row that was heard of in this epoch needs its own partition only. */
  #byPartition(suspects: readonly Suspect[]): { partition: number | undefined; suspects: Suspect[] }[] {
    const groups = new Map<number | undefined, Suspect[]>();
    for (const suspect of suspects) {
      const position = suspect.known?.position;
      const partition = position?.epoch === suspect.observation.epoch ? position.partition : undefined;
      const group = groups.get(partition);
      if (group) group.push(suspect);
      else groups.set(partition, [suspect]);
    }
    return [...groups].map(([partition, some]) => ({ partition, suspects: some }));
  }

  async #write(
    group: { readonly partition: number | undefined; readonly suspects: readonly Suspect[] },
    all: ReadonlyMap<number, bigint>,
    { marksNew = true, takesGone = () => false, due = new Map() }: SettleOptions,
  ): Promise<Settled[]> {
    const { stream, topic } = this.#parts;
    const ends = group.partition === undefined ? all : new Map([...all].filter(([n]) => n === group.partition));
    const settled: Settled[] = [];
    const size = marksNew ? MOST_KEYS : MOST_NEW_KEYS;
    try {
      await awaitConsumed(stream, new Map([[topic, ends]]), this.#parts, this.#wait());
      for (const some of inPages(group.suspects, size)) {
        settled.push(...(await this.#retried(() => writeReads(this.#parts, some, { ends, marksNew, takesGone, due }))));
      }
    } catch (error) {
      this.#log.debug({ topic: this.#parts.topic, problem: toSyncError(error).message }, 'what was read waits');
      settled.push(...group.suspects.slice(settled.length).map((suspect) => leave(suspect, 'given up')));
    }
    return settled;
  }

  async #retried<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (toSyncError(error).kind !== 'store_contended' || attempt === 5) throw error;
      }
    }
  }

  #wait() {
    return waiting(BARRIER_MS, async () => this.#parts.signal.throwIfAborted(), POLL_MS);
  }
}
