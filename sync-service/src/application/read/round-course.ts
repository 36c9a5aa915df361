import type { Observation } from '../../domain/read.ts';
import type { SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Round, RoundPlace, RoundTally } from '../../infrastructure/mysql/state/round-store.ts';
import { awaitCaughtUp } from '../proof/caught-up.ts';
import { repeat } from '../supervise/repeat.ts';
import { observe } from './look.ts';
import type { Purpose, ReadEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import { rest } from './rest.ts';
import type { Settler } from './settler.ts';
import type { Settled } from './write-reads.ts';

/** Whoever is silent for so long has lost the round. */
export const LEASE_SECONDS = 30;
const KEEP_EVERY_MS = 5_000;
const MOST_ROWS = 5_000;
/** So many keys are looked at at once. */
export const SOME_KEYS = 500;
const OBSERVE_EVERY_MS = 1_000;

export interface RoundOptions {
  readonly parts: ReadParts;
  /** Where rows are read: the user server, or a replica of it. */
  readonly readFrom: Database;
  readonly settler: Settler;
  readonly events: ReadEvents;
  /** Most rows a second, by the settings; undefined: as fast as it can. */
  readonly rowsPerSecond: number | undefined;
  /** Persists over what goes wrong; see `Perseverance.run`. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal;
  /** Copies of so many keys differed from the mirror, and are marked; of the drifted ones nothing was on its way to correct them. */
  readonly onDrift: (driftedKeys: number, markedKeys: number) => void;
  /** Copies of this mapping were passed over: why their server cannot compare them. */
  readonly onUnswept: (copy: string, fault: SyncError) => void;
  /** What the mirror has not caught up with, so that the comparison waits; undefined: it waits no longer. */
  readonly onBehind: (step: string | undefined) => void;
}

/** The round is another instance's now, another has been asked for, or somebody has paused or stopped it. */
export class RoundOver extends Error {}

/** What the legs of one round share: what it works with, its tally, its place and its pace. */
export class RoundCourse {
  readonly options: RoundOptions;
  readonly round: Round;
  /** Rows behind the place that is stored: those after it may be read once more. */
  rowCount: number;
  correctedKeys: number;
  goneKeys: number | undefined;
  #place: RoundPlace = { leg: 'source', after: [] };
  /** What somebody has said of this round comes before the settings. */
  #rowsPerSecond: number | undefined;
  #observed: { readonly at: number; readonly observation: Observation } | undefined;

  constructor(round: Round, options: RoundOptions) {
    this.options = options;
    this.round = round;
    this.rowCount = round.rowCount;
    this.correctedKeys = round.correctedKeys;
    this.#rowsPerSecond = round.rowsPerSecond ?? options.rowsPerSecond;
  }

  get tally(): RoundTally {
    return { rowCount: this.rowCount, correctedKeys: this.correctedKeys, goneKeys: this.goneKeys };
  }

  get purpose(): Purpose {
    return this.round.isAsked ? 'load' : 'patrol';
  }

  /** Stores how far the round has come, and keeps it for another while. */
  async goOn(place: RoundPlace): Promise<void> {
    this.#place = place;
    const { parts, run, rowsPerSecond } = this.options;
    const { round } = parts.source;
    const pace = await run(() => round.goOn(parts.store.database, this.round.token, LEASE_SECONDS, place, this.tally));
    if (!pace) throw new RoundOver();
    this.#rowsPerSecond = pace.rowsPerSecond ?? rowsPerSecond;
  }

  /** Keeps the round where it is while something long is waited for. Where it is over, that shows when it goes on, if not `onOver`. */
  async keep<T>(waiting: Promise<T>, onOver = () => {}): Promise<T> {
    await using _ = repeat(KEEP_EVERY_MS, () => this.goOn(this.#place).catch(onOver));
    return await waiting;
  }

  /**
   * Waits until the mirror has caught up with what the source has now, for however long, and keeps the round meanwhile: what
   * differs while it is behind says nothing.
   */
  async catchUp(): Promise<void> {
    const { parts, run, signal, onBehind } = this.options;
    let isOver = false;
    const alive = async () => {
      signal.throwIfAborted();
      if (isOver) throw new RoundOver();
    };
    const wait = () => awaitCaughtUp(parts, Number.POSITIVE_INFINITY, { alive, onWait: onBehind });
    const waiting = run(() =>
      wait().catch((error) => {
        if (!isOver) throw error;
      }),
    );
    try {
      await this.keep(waiting, () => {
        isOver = true;
      });
    } finally {
      onBehind(undefined);
    }
    await alive();
  }

  tell(settled: readonly Settled[]): void {
    const { parts, events } = this.options;
    events.onSettled(parts, settled, this.purpose);
    this.correctedKeys += settled.filter(({ corrected }) => corrected.length > 0).length;
  }

  /** What is observed once serves what is read within the next second. */
  async observe(): Promise<Observation> {
    if (!this.#observed || performance.now() - this.#observed.at > OBSERVE_EVERY_MS)
      this.#observed = { at: performance.now(), observation: await observe(this.options.parts) };
    return this.#observed.observation;
  }

  /** A page has no more rows: about a second's. */
  get mostRows(): number {
    return Math.min(MOST_ROWS, this.#rowsPerSecond ?? MOST_ROWS);
  }

  /** Rests for as long as so many rows may take. */
  async slowDown(rows: number, began: number): Promise<void> {
    await rest(rows, this.#rowsPerSecond, began, this.options.signal);
  }
}
