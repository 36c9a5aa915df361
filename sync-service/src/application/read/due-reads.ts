import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { agrees, isBelow, type Observation } from '../../domain/read.ts';
import type { DueKey } from '../../infrastructure/mysql/state/due-store.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import { type Looked, lookAt, observe } from './look.ts';
import type { ReadEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import type { Settler } from './settler.ts';

const IDLE_MS = 250;
const MOST_KEYS = 500;
/** No more is claimed at once than rows of about so many bytes. */
const MOST_BYTES = 4 * 1024 * 1024;
/** No more is claimed while so many suspects wait for their barrier. */
const MOST_HELD = 5_000;

export interface DueReadsOptions {
  readonly parts: ReadParts;
  readonly settler: Settler;
  readonly perseverance: Perseverance;
  readonly events: ReadEvents;
}

/** Reads the rows of keys that are due, until it is disposed. Any instance may read any of them. */
export class DueReads implements AsyncDisposable {
  readonly #options: DueReadsOptions;
  readonly #stopping = new AbortController();
  readonly #settling = new Set<Promise<void>>();
  readonly #working: Promise<void>;
  /** Keys of the next claim: fewer where rows are large, or could not be read in time. */
  #limit = MOST_KEYS;
  #wake: () => void = () => {};

  constructor(options: DueReadsOptions) {
    this.#options = options;
    // It throws only because it is being stopped.
    this.#working = this.#work().catch(() => {});
  }

  /** Keys became due. */
  notify(): void {
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.notify();
    await this.#working;
    await Promise.all(this.#settling);
  }

  async #work(): Promise<void> {
    const { parts, settler, perseverance } = this.#options;
    const { signal } = this.#stopping;
    const part = `reads of ${parts.source.schema.mapping.name}`;
    while (!signal.aborted) {
      const hasWorked = settler.held('due') < MOST_HELD && (await perseverance.run(part, signal, () => this.#turn()));
      if (!hasWorked) await this.#idle();
    }
  }

  async #turn(): Promise<boolean> {
    const { parts } = this.#options;
    const { store, source } = parts;
    const claimed = await store.database.transaction('claim', (tx) => source.due.claim(tx, this.#limit));
    if (claimed.length === 0) return false;
    const keys = claimed.map(({ key }) => key);
    try {
      const began = await source.due.moment(store.database);
      const observation = await observe(parts);
      const looked = await lookAt(parts, keys, observation);
      const fits = Math.floor((MOST_BYTES / Math.max(1, looked.bytes)) * keys.length);
      this.#limit = Math.max(1, Math.min(MOST_KEYS, this.#limit * 2, fits));
      const due = new Map(claimed.map((key) => [key.key, key]));
      const cleared = await settleEqual(parts, looked, due, observation);
      const settling = this.#settle(looked, due, began, cleared)
        .catch(() => {})
        .finally(() => this.#settling.delete(settling));
      this.#settling.add(settling);
    } catch (error) {
      this.#limit = Math.ceil(keys.length / 2);
      await source.due.postpone(store.database, keys).catch(() => {});
      throw error;
    }
    return true;
  }

  async #settle(looked: Looked, due: ReadonlyMap<Key, DueKey>, began: string, cleared: readonly Key[]): Promise<void> {
    const { parts, settler, events } = this.#options;
    const { store, source } = parts;
    const takesGone = (key: Key) => due.get(key)?.takesGone ?? false;
    // The copies of a key that nobody has a row of get what the delete policy says if somebody has decided so.
    const absent = looked.absent.filter(({ read: { key } }) => takesGone(key));
    const settled = await settler.settle([...looked.suspects, ...looked.gone, ...absent], { due, takesGone });
    events.onSettled(parts, settled, 'due');
    const over = new Set(cleared);
    for (const { suspect, outcome } of settled)
      if (outcome === 'row' || outcome === 'equal') over.add(suspect.read.key);
    const unread = new Set(
      settled
        .filter(({ outcome }) => outcome === 'given up' || outcome === 'taken')
        .map(({ suspect }) => suspect.read.key),
    );
    const rest = [...due.keys()].filter((key) => !over.has(key));
    await source.due.postpone(
      store.database,
      rest.filter((key) => unread.has(key)),
    );
    await source.due.postpone(
      store.database,
      rest.filter((key) => !unread.has(key)),
      began,
    );
    // How many rows are gone in all, only a round can say.
    if (settled.some(({ outcome }) => outcome === 'gone')) await source.round.hasten(store.database);
  }

  async #idle(): Promise<void> {
    const awake = new AbortController();
    this.#wake = () => awake.abort();
    await delay(IDLE_MS, undefined, { signal: awake.signal }).catch(() => {});
  }
}

/**
 * Clears the marks of keys that were found right; returns these keys. Compared once more under the lock of the mirror
 * row: the store may have been set back to a mark that looks the same.
 */
export async function settleEqual(
  { store, source }: ReadParts,
  { rows, equal, absent }: Looked,
  due: ReadonlyMap<Key, DueKey>,
  observation: Observation,
): Promise<readonly Key[]> {
  const right = [...equal, ...absent.map(({ read: { key } }) => key).filter((key) => !due.get(key)?.takesGone)];
  if (right.length === 0) return [];
  const read = new Map(rows.map((row) => [row.key, row]));
  return store.database.transaction('settling keys', async (tx) => {
    const known = await source.mirror.lockFree(tx, right);
    const others = right.filter((key) => !known.has(key));
    const taken = new Set(await source.mirror.existing(tx, others));
    const isRight = (key: Key) => {
      const [row, mirrored] = [read.get(key), known.get(key)];
      return row !== undefined && !taken.has(key) && agrees(row, mirrored) && isBelow(mirrored, observation);
    };
    const cleared = right.filter(isRight);
    const marks = cleared.map((key) => due.get(key)).filter((mark) => mark !== undefined);
    await tx.roundTrip((t) => [source.due.settle(t, marks)], 'commit');
    return cleared;
  });
}
