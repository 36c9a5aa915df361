import type { Change, Key } from '../../domain/change.ts';
import { Ambiguous, equalValues } from '../../domain/change.ts';
import { orderOf } from '../../domain/position.ts';
import type { ReadRow } from '../../domain/read.ts';
import { toSyncError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { repeat } from '../supervise/repeat.ts';
import { type Looked, lookAt, observe } from './look.ts';
import type { ReadEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import type { Settler } from './settler.ts';
import type { Proof } from './trust.ts';

const EVERY_MS = 1_000;
/** Otherwise only each third second, three times as many: asking Kafka Connect for its place costs more than the rows. */
const EACH = 3;
/** While the stream has to prove itself: every change, up to so many a second. */
const MOST_A_SECOND = 2_000;
const PROBATION_MS = 60_000;
/** No more suspects are gathered while so many wait. */
const MOST_HELD = 5_000;

export interface ProofreadingOptions {
  readonly parts: ReadParts;
  readonly settler: Settler;
  /** 0: there is no proofreading. */
  readonly perSecond: number;
  readonly events: ReadEvents;
  readonly log: Logger;
  /** Of changes that were compared with their rows, whether they had told them right. */
  readonly onProof: (proofs: readonly Proof[]) => Promise<void>;
}

/**
 * Compares what the stream has just said of some keys with the rows at the source: one SELECT a second at most. In memory
 * only: what is missed, the patrol finds.
 */
export class Proofreading implements AsyncDisposable {
  readonly #options: ProofreadingOptions;
  readonly #looking: AsyncDisposable;
  /** The newest change of each key, since they were looked at last. */
  readonly #heard = new Map<Key, Change>();
  #seconds = 0;
  #probationUntil = 0;

  constructor(options: ProofreadingOptions) {
    this.#options = options;
    this.#looking = repeat(EVERY_MS, () =>
      this.#turn().catch((error) =>
        options.log.debug({ topic: options.parts.topic, problem: toSyncError(error).message }, 'nothing is proofread'),
      ),
    );
  }

  /** Has every change proofread for a while: something may have gone wrong with the stream. */
  beginProbation(): void {
    this.#probationUntil = performance.now() + PROBATION_MS;
  }

  /** Changes were ingested. Of more keys than can be read, some are. */
  heard(changes: readonly Change[]): void {
    const { perSecond } = this.#options;
    const most = this.#isOnProbation() ? Math.max(perSecond, MOST_A_SECOND) : perSecond * EACH;
    for (const change of changes) {
      if (change.kind !== 'row') continue;
      if (this.#heard.has(change.key) || this.#heard.size < most) this.#heard.set(change.key, change);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking[Symbol.asyncDispose]();
  }

  #isOnProbation(): boolean {
    return this.#options.perSecond > 0 && performance.now() < this.#probationUntil;
  }

  async #turn(): Promise<void> {
    const { parts, settler, events } = this.#options;
    if (++this.#seconds % EACH !== 0 && !this.#isOnProbation()) return;
    const heard = new Map(this.#heard);
    this.#heard.clear();
    if (heard.size === 0 || settler.held('proof') > MOST_HELD) return;
    const looked = await lookAt(parts, [...heard.keys()], await observe(parts));
    events.onRead(parts, 'proof', looked.rows.length);
    // The barrier takes a second on a quiet server; the next keys are read meanwhile.
    void this.#prove(heard, looked).catch(() => {});
  }

  async #prove(heard: ReadonlyMap<Key, Change>, looked: Looked): Promise<void> {
    const { parts, settler, events, onProof } = this.#options;
    const { columns } = parts.source.schema.mapping;
    const rows = new Map(looked.rows.map((row) => [row.key, row]));
    const wrongIn = (key: Key) => wrongColumns(heard.get(key), rows.get(key), columns);
    const isNewest = (key: Key) => {
      const [change, row] = [heard.get(key), looked.known.get(key)];
      return change !== undefined && row !== undefined && orderOf(change.position, row.position) === 'same';
    };
    const settled = await settler.settle([...looked.suspects, ...looked.gone], { purpose: 'proof' });
    const told = settled.map((one) => {
      const { read } = one.suspect;
      const isOpen = (column: string) => leavesOpen(heard.get(read.key), read, columns.indexOf(column));
      return { ...one, corrected: one.corrected.filter((column) => !isOpen(column)) };
    });
    events.onSettled(parts, told, 'proof');
    if (settled.some(({ outcome }) => outcome === 'gone')) await parts.source.round.hasten(parts.store.database);
    // Of a key that has moved on nobody can say what it was.
    const proven = settled.filter(({ outcome }) => outcome === 'row').map(({ suspect }) => suspect.read.key);
    const wrong = [...looked.equal, ...proven].filter(isNewest).map(wrongIn);
    const proofs = wrong.map((columns) => ({ columns, isRight: columns.length === 0 }));
    if (proofs.length > 0) await onProof(proofs);
  }
}

/** The mirror has kept what it had, as one of the values that the change allows. */
function leavesOpen(change: Change | undefined, { values }: ReadRow, column: number): boolean {
  const [said, value] = [change?.values[column], values?.[column]];
  return said instanceof Ambiguous && value !== undefined && said.couldBe(value);
}

/** Columns of which the change said something that the row does not hold; what it did not say is not wrong. */
function wrongColumns(change: Change | undefined, row: ReadRow | undefined, columns: readonly string[]): string[] {
  const { values } = row ?? {};
  if (!change || !values) return [];
  return columns.filter((_, i) => {
    const [said, value] = [change.values[i], values[i]];
    if (said === undefined || value === undefined) return false;
    return said instanceof Ambiguous ? !said.couldBe(value) : !equalValues(said, value);
  });
}
