import type { Figures } from '../../domain/figures.ts';

/** What is older than two of these counts no more. */
const HALF_MS = 30_000;
/** Two times that differ by less are one. */
const STEP = Math.log(1.05);

interface Half {
  readonly beganAt: number;
  changes: number;
  copies: number;
  /** How many times of about so long, by their logarithm. */
  readonly times: Map<number, number>;
}

/** Counts what this daemon does, and forgets it after a minute: whoever asks how it fares means now. */
export class RecentWork {
  readonly #clock: () => number;
  #before: Half | undefined;
  #now: Half;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#now = this.#begin();
  }

  ingested(changes: number): void {
    this.#turned().changes += changes;
  }

  wrote(copies: number): void {
    this.#turned().copies += copies;
  }

  applied(ms: number): void {
    const { times } = this.#turned();
    const step = Math.round(Math.log1p(Math.max(0, ms)) / STEP);
    times.set(step, (times.get(step) ?? 0) + 1);
  }

  figures(): Figures {
    const now = this.#turned();
    const halves = this.#before ? [this.#before, now] : [now];
    // A rate of the first moment would be no rate.
    const seconds = Math.max(1, (this.#clock() - (this.#before ?? now).beganAt) / 1000);
    const rate = (of: 'changes' | 'copies') =>
      Math.round((halves.reduce((sum, half) => sum + half[of], 0) / seconds) * 10) / 10;
    const times = halves.flatMap((half) => [...half.times]).sort(([a], [b]) => a - b);
    const p50 = quantile(times, 0.5);
    const p99 = quantile(times, 0.99);
    return {
      changesPerSecond: rate('changes'),
      copiesPerSecond: rate('copies'),
      ...(p50 !== undefined && p99 !== undefined ? { appliedMs: { p50, p99 } } : {}),
    };
  }

  #begin(): Half {
    return { beganAt: this.#clock(), changes: 0, copies: 0, times: new Map() };
  }

  #turned(): Half {
    const age = this.#clock() - this.#now.beganAt;
    if (age < HALF_MS) return this.#now;
    this.#before = age < 2 * HALF_MS ? this.#now : undefined;
    this.#now = this.#begin();
    return this.#now;
  }
}

/** Of times that are sorted, each with how many there are. */
function quantile(times: readonly (readonly [step: number, count: number])[], part: number): number | undefined {
  let left = times.reduce((sum, [, count]) => sum + count, 0) * part;
  for (const [step, count] of times) {
    left -= count;
    if (left <= 0) return Math.round(Math.expm1(step * STEP));
  }
  return undefined;
}
