import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { type SyncError, toSyncError } from '../../errors.ts';
import { unitedGtids } from '../../infrastructure/mysql/server/gtid-set.ts';
import type { DueKey } from '../../infrastructure/mysql/state/due-store.ts';
import type { Logger } from '../../log.ts';
import { askSeldom } from '../proof/ask-seldom.ts';
import { awaitConsumed, awaitSent, type Ends, readConsumed, requireSameLogs } from '../proof/barrier.ts';
import { VISIBLE_MS } from '../proof/caught-up.ts';
import { waiting } from '../proof/wait.ts';
import type { Suspect } from './look.ts';
import type { Purpose } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import { Turns } from './turns.ts';
import { leave, type Settled, type WriteReadsOptions, writeReads } from './write-reads.ts';

/** A barrier that takes longer is given up; so is a partition that is not ingested meanwhile. */
const BARRIER_MS = 30_000;
const POLL_MS = 50;
/** So many rows in one transaction: ingest of the source waits for it. */
const MOST_KEYS = 200;
const MOST_NEW_KEYS = 2_500;
/** … and values of about so many bytes: the server takes no statement that is larger than its max_allowed_packet. */
const MOST_BYTES = 4 * 1024 * 1024;
/** A row of so many bytes counts for one more. */
const LARGE_BYTES = 20_000;
/** Of so many refused rows the log tells each by its key. */
const MOST_TOLD = 100;

export interface SettleOptions {
  /** Left out: `due`. */
  readonly purpose?: Purpose;
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
 * then writes those that still differ. One barrier serves all suspects that were gathered before it began. What a round
 * has found is written after the rest.
 */
export class Settler {
  readonly #parts: ReadParts;
  readonly #log: Logger;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  readonly #held = new Map<Purpose, number>();
  /** The source's row of reads lets one write after another in; the second is prepared meanwhile. */
  readonly #turns = new Turns(2);
  readonly #told = new Set<Key>();
  /** Shared by all that wait: behind a long queue they are many, each for a partition of its own. */
  readonly #consumed: () => Promise<Ends>;
  #isInTrouble = false;

  constructor(parts: ReadParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
    this.#consumed = askSeldom(() => readConsumed([parts.topic], parts.store), POLL_MS);
  }

  /** Suspects that are held in memory for a purpose; a large one counts for several. */
  held(purpose: Purpose): number {
    return this.#held.get(purpose) ?? 0;
  }

  /** Never fails: what cannot be settled is given up, and is to be looked at again. */
  async settle(suspects: readonly Suspect[], options: SettleOptions = {}): Promise<Settled[]> {
    if (suspects.length === 0) return [];
    const { purpose = 'due' } = options;
    const weight = suspects.reduce((sum, suspect) => sum + 1 + Math.floor(sizeOf(suspect) / LARGE_BYTES), 0);
    this.#held.set(purpose, this.held(purpose) + weight);
    try {
      return await new Promise<Settled[]>((done) => {
        this.#waiting.push({ suspects, options, done });
        this.#running ??= this.#run().finally(() => {
          this.#running = undefined;
        });
      });
    } finally {
      this.#held.set(purpose, this.held(purpose) - weight);
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
    { marksNew = true, takesGone = () => false, due = new Map(), purpose = 'due' }: SettleOptions,
  ): Promise<Settled[]> {
    const { stream, topic } = this.#parts;
    const options = { marksNew, takesGone, due };
    const ends = group.partition === undefined ? all : new Map([...all].filter(([n]) => n === group.partition));
    const settled: Settled[] = [];
    const size = marksNew ? MOST_KEYS : MOST_NEW_KEYS;
    const isUrgent = purpose === 'due' || purpose === 'proof';
    try {
      await awaitConsumed(stream, new Map([[topic, ends]]), this.#parts, this.#wait(), this.#consumed);
      for (const some of inStatements(group.suspects, size)) {
        settled.push(...(await this.#turns.take(isUrgent, () => this.#writePart(some, { ends, ...options }))));
      }
    } catch (error) {
      this.#tell(toSyncError(error));
      settled.push(...group.suspects.slice(settled.length).map((suspect) => leave(suspect, 'given up')));
    }
    return settled;
  }

  /** What the mirror refuses must not keep the rows beside it from being written: it is found by halving. */
  async #writePart(some: readonly Suspect[], options: WriteReadsOptions): Promise<Settled[]> {
    try {
      const settled = await this.#retried(() => writeReads(this.#parts, some, options));
      this.#isInTrouble = false;
      return settled;
    } catch (caught) {
      const error = toSyncError(caught);
      // A statement that is too large, or takes too long, may end the connection as well.
      if (error.kind !== 'store_refused' && error.kind !== 'store_unavailable') throw error;
      const half = Math.ceil(some.length / 2);
      const [first, second] = [some.slice(0, half), some.slice(half)];
      if (second.length > 0)
        return [...(await this.#writePart(first, options)), ...(await this.#writePart(second, options))];
      if (error.kind !== 'store_refused') throw error;
      return Promise.all(first.map((suspect) => this.#refuse(suspect, error, options.due)));
    }
  }

  async #refuse(suspect: Suspect, { message }: SyncError, due: ReadonlyMap<Key, DueKey>): Promise<Settled> {
    const { store, source } = this.#parts;
    const { key, values } = suspect.read;
    const mark = due.get(key);
    // Only a key that no row of the source can have, since the mirror's key has the source's type.
    const isImpossible = !values && !suspect.known;
    if (isImpossible && mark) await source.due.settle(store.database, [mark]);
    else await source.due.refuse(store.database, key, message);
    if (!this.#told.has(key) && this.#told.size < MOST_TOLD) {
      const problem = isImpossible ? 'the source cannot have such a key; copies with it stay as they are' : message;
      this.#log.error({ source: source.schema.mapping.name, key: String(key), problem }, 'a row is refused');
      this.#told.add(key);
    }
    return leave(suspect, 'refused');
  }

  /** What does not heal by trying again is an error; that keys stay due, the watch over the progress says. */
  #tell(error: SyncError): void {
    const { directive } = error.policy;
    const isTrouble = directive !== 'retry' && directive !== 'stop' && !this.#parts.signal.aborted;
    const level = isTrouble && !this.#isInTrouble ? 'error' : 'debug';
    this.#log[level]({ topic: this.#parts.topic, problem: error.message }, 'what was read waits');
    this.#isInTrouble ||= isTrouble;
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
    return waiting(BARRIER_MS, { alive: async () => this.#parts.signal.throwIfAborted(), pollMs: POLL_MS });
  }
}

/** The suspects in their order, in parts that go into one statement each. */
function inStatements(suspects: readonly Suspect[], most: number): Suspect[][] {
  const parts: Suspect[][] = [];
  let bytes = 0;
  for (const suspect of suspects) {
    const size = sizeOf(suspect);
    bytes += size;
    const last = parts.at(-1);
    if (last && last.length < most && bytes <= MOST_BYTES) last.push(suspect);
    else {
      parts.push([suspect]);
      bytes = size;
    }
  }
  return parts;
}

function sizeOf({ read: { values = [] } }: Suspect): number {
  return values.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' || value instanceof Uint8Array ? value.length : 0),
    0,
  );
}
