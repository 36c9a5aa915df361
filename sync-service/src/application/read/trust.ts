import { SyncError } from '../../errors.ts';
import type { Distrust } from '../../infrastructure/mysql/reads-store.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../watch/health.ts';

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
  #distrust: Distrust | undefined;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    this.#name = parts.source.schema.mapping.name;
  }

  /** The stream's values are used. */
  get isGiven(): boolean {
    return this.#distrust === undefined;
  }

  /** Learns what was decided elsewhere; to be called now and then, and before the first change. */
  async learn(): Promise<void> {
    const { store, source } = this.#parts;
    this.#become(await source.reads.distrust(store.database));
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
      await this.#decide({ by: 'proof', reason });
    } else if (this.#distrust?.by === 'proof' && this.#proofs.length >= RIGHT_IN_A_ROW && wrong.length === 0)
      await this.#decide(undefined);
  }

  /** The table is not what the connector takes it for, or may not be: it reads the wrong bytes for a column. */
  async doubtTable(reason: string): Promise<void> {
    if (this.#distrust?.by !== 'table' || this.#distrust.reason !== reason) await this.#decide({ by: 'table', reason });
  }

  /** The connector takes the table for what it is. What it has said wrong before is another matter. */
  async clearTable(): Promise<void> {
    if (this.#distrust?.by === 'table') await this.#decide(undefined);
  }

  async #decide(distrust: Omit<Distrust, 'since'> | undefined): Promise<void> {
    const { store, source } = this.#parts;
    this.#proofs = [];
    await source.reads.setDistrust(store.database, distrust);
    await this.learn();
  }

  #become(distrust: Distrust | undefined): void {
    const { health, metrics, log } = this.#parts;
    const part = `stream of ${this.#name}`;
    metrics.trusted.set({ source: this.#name }, distrust ? 0 : 1);
    if (distrust) {
      const problem = `since ${distrust.since} UTC: ${distrust.reason}`;
      health.note(part, new SyncError('stream_distrusted', problem));
    } else health.clear(part);
    if ((distrust === undefined) !== (this.#distrust === undefined)) {
      const fields = { source: this.#name, reason: distrust?.reason };
      if (distrust) log.error(fields, 'the stream is not trusted: rows are read instead');
      else log.info(fields, 'the stream is trusted again');
      this.#proofs = [];
    }
    this.#distrust = distrust;
  }
}
