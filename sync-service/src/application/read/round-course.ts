import { setTimeout as delay } from 'node:timers/promises';
import type { Observation } from '../../domain/read.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import type { Round, RoundTally } from '../../infrastructure/mysql/round-store.ts';
import { observe } from './look.ts';
import type { ReadEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import type { Settler } from './settler.ts';
import type { Settled } from './write-reads.ts';

/** Whoever is silent for so long has lost the round. */
export const LEASE_SECONDS = 30;
/** A page has no more rows. */
export const MOST_ROWS = 5_000;
/** So many keys are looked at at once. */
export const SOME_KEYS = 500;
const OBSERVE_EVERY_MS = 1_000;
const LONGEST_REST_MS = 10_000;

export interface RoundOptions {
  readonly parts: ReadParts;
  /** Where rows are read: the user server, or a replica of it. */
  readonly readFrom: Database;
  readonly settler: Settler;
  readonly events: ReadEvents;
  /** Most rows a second; undefined: as fast as it can. */
  readonly rowsPerSecond: number | undefined;
  /** Persists over what goes wrong; see `Perseverance.run`. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal;
  /** Copies differed from the mirror; of so many keys nothing was on its way to correct them. */
  readonly onDrift: (driftedKeys: number) => void;
}

export interface RoundOutcome extends RoundTally {
  /** Keys that are gone, too many to take them as deleted. */
  readonly goneKeys: number;
}

/** The round is another instance's now, or another has been asked for. */
export class RoundOver extends Error {}

/** What the legs of one round share: what it works with, its tally, its place and its pace. */
export class RoundCourse {
  readonly options: RoundOptions;
  readonly round: Round;
  rowCount: number;
  correctedKeys: number;
  goneKeys = 0;
  #observed: { readonly at: number; readonly observation: Observation } | undefined;

  constructor(round: Round, options: RoundOptions) {
    this.options = options;
    this.round = round;
    this.rowCount = round.rowCount;
    this.correctedKeys = round.correctedKeys;
  }

  get outcome(): RoundOutcome {
    return { rowCount: this.rowCount, correctedKeys: this.correctedKeys, goneKeys: this.goneKeys };
  }

  get purpose() {
    return this.round.isAsked ? 'load' : 'patrol';
  }

  /** Stores how far the round has come, and keeps it for another while. */
  async goOn(leg: string, after: readonly string[]): Promise<void> {
    const { parts, run } = this.options;
    const { round } = parts.source;
    const isOurs = await run(() =>
      round.goOn(parts.store.database, this.round.token, LEASE_SECONDS, { leg, after }, this.outcome),
    );
    if (!isOurs) throw new RoundOver();
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

  /** Rests for as long as so many rows may take. */
  async slowDown(rows: number, began: number): Promise<void> {
    const { rowsPerSecond, signal } = this.options;
    const leftMs = rowsPerSecond === undefined ? 0 : (rows / rowsPerSecond) * 1000 - (performance.now() - began);
    if (leftMs > 0) await delay(Math.min(leftMs, LONGEST_REST_MS), undefined, { signal });
    else signal.throwIfAborted();
  }
}
