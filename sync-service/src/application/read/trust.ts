import { SyncError } from '../../errors.ts';
import type { Distrust, DistrustCause } from '../../infrastructure/mysql/state/reads-store.ts';
import { storedReason } from '../../infrastructure/mysql/state/reason.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../supervise/health.ts';

/** Of so many changes that were proofread last … */
const WINDOW = 200;
/** … this many, and this share, have been wrong: the values of the stream are not used any more. */
const WRONG_AT_LEAST = 10;
const WRONG_SHARE = 0.05;
/** So many right ones in a row give the trust back. */
const RIGHT_IN_A_ROW = 200;

export interface Proof {
  readonly isRight: boolean;
  /** Those that were wrong. */
  readonly columns: readonly string[];
}

export interface TrustParts {
  readonly store: Store;
  readonly source: SourceStore;
  readonly health: Pick<Health, 'note' | 'clear'>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Whether the values of a source's stream are used, or only its keys, whose rows are then read. What is decided is stored,
 * so that every instance and the next process obey it.
 */
export class Trust {
  readonly #parts: TrustParts;
  readonly #name: string;
  #proofs: Proof[] = [];
  #distrust: readonly Distrust[] = [];
  #decisions = 0;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    this.#name = parts.source.schema.mapping.name;
  }

  /** The stream's values are used. */
  get isGiven(): boolean {
    return this.#distrust.length === 0;
  }

  /** Learns what was decided elsewhere; to be called now and then, and before the first change. */
  async learn(): Promise<void> {
    const { store, source } = this.#parts;
    const decisions = this.#decisions;
    const distrust = await source.reads.distrust(store.database);
    // What was read before a decision is no news after it.
    if (decisions === this.#decisions) this.#become(distrust);
  }

  /** Weighs changes that were proofread. */
  async weigh(proofs: readonly Proof[]): Promise<void> {
    this.#proofs = [...this.#proofs, ...proofs].slice(-WINDOW);
    const wrong = this.#proofs.filter(({ isRight }) => !isRight);
    if (this.isGiven) {
      if (wrong.length < WRONG_AT_LEAST || wrong.length < this.#proofs.length * WRONG_SHARE) return;
      const columns = [...new Set(wrong.flatMap((proof) => proof.columns))].sort();
      const count = `${wrong.length} of ${this.#proofs.length}`;
      const reason = `${count} changes said something else of ${columns.join(', ')} than the source`;
      await this.#decide('proof', reason);
    } else if (this.#reason('proof') && this.#proofs.length >= RIGHT_IN_A_ROW && wrong.length === 0)
      await this.#decide('proof', undefined);
  }

  /** The table is not what the connector takes it for, or may not be: it reads the wrong bytes for a column. */
  async doubtTable(problem: string): Promise<void> {
    // No longer than it is stored: what is known is not decided again.
    const reason = storedReason(problem);
    if (this.#reason('table') !== reason) await this.#decide('table', reason);
  }

  /** The connector takes the table for what it is. What it has said wrong before is another matter. */
  async clearTable(): Promise<void> {
    if (this.#reason('table') !== undefined) await this.#decide('table', undefined);
  }

  #reason(cause: DistrustCause): string | undefined {
    return this.#distrust.find(({ by }) => by === cause)?.reason;
  }

  /** Each cause by itself: what lifts one says nothing of the other. */
  async #decide(cause: DistrustCause, reason: string | undefined): Promise<void> {
    const { store, source } = this.#parts;
    const { reads } = source;
    this.#proofs = [];
    if (reason !== undefined) await reads.setDistrust(store.database, cause, reason);
    else await reads.clearDistrust(store.database, cause);
    this.#decisions++;
    await this.learn();
  }

  #become(distrust: readonly Distrust[]): void {
    const { health, metrics, log } = this.#parts;
    const part = `stream of ${this.#name}`;
    const wasGiven = this.isGiven;
    this.#distrust = distrust;
    metrics.trusted.set({ source: this.#name }, this.isGiven ? 1 : 0);
    const problem = distrust.map(({ since, reason }) => `since ${since} UTC: ${reason}`).join('\n');
    if (this.isGiven) health.clear(part);
    else health.note(part, new SyncError('stream_distrusted', problem));
    if (this.isGiven === wasGiven) return;
    if (this.isGiven) log.info({ source: this.#name }, 'the stream is trusted again');
    else log.error({ source: this.#name, problem }, 'the stream is not trusted: rows are read instead');
    this.#proofs = [];
  }
}
