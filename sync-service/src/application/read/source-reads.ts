import type { Settings } from '@friend-sync/connectors';
import type { Change } from '../../domain/change.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { SeenServer } from '../../infrastructure/mysql/state/server-state.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { FanOut } from '../fan-out/fan-out.ts';
import type { Health } from '../supervise/health.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import type { Verdict } from '../supervise/picture-proof.ts';
import { repeat } from '../supervise/repeat.ts';
import { DueReads } from './due-reads.ts';
import { Proofreading } from './proofreading.ts';
import { readEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import { startRounds } from './rounds.ts';
import { Settler } from './settler.ts';
import { Trust } from './trust.ts';

/** What other instances have decided is asked for so often. */
const LEARN_EVERY_MS = 1_000;

export interface SourceReadsOptions {
  readonly parts: Omit<ReadParts, 'signal'>;
  /** The fingerprint of its mapping. */
  readonly mapping: string;
  /** Where whole sources are read: the user server, or a replica of it. */
  readonly readFrom: Database;
  readonly settings: Pick<Settings, 'reads' | 'patrol'>;
  readonly fanOut: Pick<FanOut, 'notify'>;
  readonly perseverance: Perseverance;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Own reads of one source: rows that are due, rounds over all of them, proofreading, and the trust that follows. */
export class SourceReads implements AsyncDisposable {
  readonly trust: Trust;
  readonly #due: DueReads;
  readonly #rounds: AsyncDisposable;
  readonly #proofreading: Proofreading;
  readonly #stopping = new AbortController();
  readonly #parts: ReadParts;
  readonly #learning: AsyncDisposable;
  #seen: SeenServer | undefined;

  private constructor(
    trust: Trust,
    { parts: shared, readFrom, settings, fanOut, perseverance, ...rest }: SourceReadsOptions,
  ) {
    const { health, metrics, log } = rest;
    const parts = { ...shared, signal: this.#stopping.signal };
    const { name } = parts.source.schema.mapping;
    const events = readEvents(metrics, fanOut, log);
    const settler = new Settler(parts, log);
    this.trust = trust;
    this.#parts = parts;
    // Also where nothing is ingested: what is noted of the trust is to be true. What fails now is learned the next time.
    this.#learning = repeat(LEARN_EVERY_MS, () => trust.learn().catch(() => {}));
    this.#due = new DueReads({ parts, settler, perseverance, events });
    this.#proofreading = new Proofreading({
      parts,
      settler,
      events,
      log,
      perSecond: settings.reads.proofPerSecond,
      onProof: (proofs) => trust.weigh(proofs),
    });
    const onDrift = (driftedKeys: number) => {
      fanOut.notify();
      metrics.drift.inc({ source: name }, driftedKeys);
      if (driftedKeys > 0) log.warn({ source: name, driftedKeys }, 'copies had drifted; they are made equal again');
    };
    this.#rounds = startRounds({
      parts,
      readFrom,
      settler,
      events,
      settings,
      perseverance,
      health,
      metrics,
      log,
      onDrift,
    });
  }

  static async open(options: SourceReadsOptions): Promise<SourceReads> {
    const { store, source } = options.parts;
    const { health, metrics, log, mapping } = options;
    await source.reads.adopt(store.database);
    await source.round.adopt(store.database);
    // No message tells which copies differ by that.
    await store.database.transaction('following a source', async (tx) => {
      if (await source.reads.followBy(tx, mapping)) await source.round.request(tx, { joins: true });
    });
    const trust = new Trust({ store, source, health, metrics, log });
    await trust.learn();
    return new SourceReads(trust, options);
  }

  /** What is to be ingested of these changes: without trust, only which keys have changed. */
  believed(changes: readonly Change[]): readonly Change[] {
    if (this.trust.isGiven) return changes;
    const values = this.#parts.source.schema.mapping.columns.map(() => undefined);
    return changes.map((change) => ({ ...change, kind: change.kind === 'row' ? 'row' : 'told gone', values }));
  }

  /** Changes were ingested; `dueCount` of their keys are due for a read. */
  heard(changes: readonly Change[], dueCount: number): void {
    this.#proofreading.heard(changes);
    if (dueCount > 0) this.#due.notify();
  }

  /** The stream has to prove itself: its connector has started, or its values have a new schema. */
  beginProbation(): void {
    this.#proofreading.beginProbation();
  }

  /**
   * The source's table has changed in these columns (none: another has taken its place). Its rows may be others without a
   * message, so a round compares them; its values are not used until the connector is known to have followed.
   */
  async tableChanged(columns: readonly string[]): Promise<void> {
    const { store, source } = this.#parts;
    await this.trust.doubtTable(`the table has changed${columns.length > 0 ? ` (${columns.join(', ')})` : ''}`);
    await source.round.hasten(store.database, 'another table');
  }

  /** What the connector takes the table for is about to be looked at. */
  async lookAtPicture(): Promise<void> {
    const { store, source } = this.#parts;
    this.#seen = await store.serverState.read(store.database, source.schema.mapping.name);
  }

  /**
   * Whether the connector takes the table for what it is. Where its keys are those of other rows, nobody can tell which rows
   * to read: the source is held, and a new epoch reads them all.
   */
  async pictureSeen(verdict: Verdict): Promise<void> {
    const { store, source } = this.#parts;
    const seen = this.#seen;
    if (verdict.is === 'wrong') {
      const problem = `the connector misreads its table: ${verdict.differences.join('; ')}`;
      await this.trust.doubtTable(problem);
      const loss = { reason: `its keys are those of other rows, ${problem}`, mayHeal: true };
      if (verdict.misreadsKey)
        await store.serverState.declareLost(store.database, source.schema.mapping.name, seen, loss);
      return;
    }
    if (!this.trust.isGiven) this.beginProbation();
    await this.trust.clearTable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const part of [this.#rounds, this.#due, this.#proofreading, this.#learning]) await part[Symbol.asyncDispose]();
  }
}
