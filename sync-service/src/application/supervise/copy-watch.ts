import { POLICY, SyncError, toSyncError } from '../../errors.ts';
import type { MappedCopy } from '../../infrastructure/mysql/copies/mapped-copy.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

const INTERVAL_MS = 3_000;

export interface CopyWatchParts {
  readonly store: Store;
  readonly health: Health;
  readonly log: Logger;
}

/**
 * Looks at the table of each copy every few seconds, at each by itself. What does not fit holds that copy and lets it go on
 * when the cause is gone; after any change what the table has refused is tried again, and the copy is swept, since it may have
 * been written by what its table was before, and the change itself may have altered it. Ends after its first look; a table that cannot be looked at is another part's
 * trouble.
 */
export async function watchCopies(parts: CopyWatchParts): Promise<AsyncDisposable> {
  const watched = [...parts.store.sources.values()].flatMap((source) =>
    source.mapped.map((copy) => new WatchedCopy(parts, source, copy)),
  );
  await Promise.all(watched.map((copy) => copy.look()));
  const looking = watched.map((copy) => repeat(INTERVAL_MS, () => copy.look()));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(looking.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

class WatchedCopy {
  readonly #parts: CopyWatchParts;
  readonly #source: SourceStore;
  readonly #copy: MappedCopy;
  /** As the operator knows it. */
  readonly #part: string;
  #told = '';
  /** The mark for which a round was hastened. */
  #hastenedFor: bigint | undefined;
  #isBlind = false;

  constructor(parts: CopyWatchParts, source: SourceStore, copy: MappedCopy) {
    this.#parts = parts;
    this.#source = source;
    this.#copy = copy;
    this.#part = `copy ${copy.id} of ${source.schema.mapping.name}`;
    this.#tellNotes();
  }

  async look(): Promise<void> {
    const { log } = this.#parts;
    try {
      await this.#lookAtTable();
      if (this.#copy.fit) await this.#hasten();
      this.#isBlind = false;
    } catch (error) {
      const { kind, message } = toSyncError(error);
      log[this.#isBlind ? 'debug' : 'warn'](
        { part: this.#part, kind, problem: message },
        'its table was not looked at',
      );
      this.#isBlind = true;
    }
    this.#tell();
  }

  async #lookAtTable(): Promise<void> {
    const { database } = this.#parts.store;
    const seen = await this.#copy.look(database);
    if (!seen) return;
    // First: who dies in between leaves a sweep too many.
    if (seen.isFit) await this.#source.missed.mark(database, [this.#copy.id]);
    seen.adopt();
    await this.#source.pending.retryParked(database);
    this.#tellNotes();
  }

  /** Whoever passed the copy over, this daemon or another, has a round sweep it. */
  async #hasten(): Promise<void> {
    const { database } = this.#parts.store;
    const mark = (await this.#source.missed.marks(database)).get(this.#copy.id);
    if (mark === undefined || mark === this.#hastenedFor) return;
    await this.#source.round.hasten(database, 'copies missed');
    this.#hastenedFor = mark;
  }

  #tell(): void {
    const { health, log } = this.#parts;
    const { problem } = this.#copy;
    if (problem) health.report(this.#part, new SyncError('copy_unfit', problem));
    else health.clear(this.#part);
    if (problem === this.#told) return;
    if (problem)
      log.error({ part: this.#part, kind: 'copy_unfit', problem, hint: POLICY.copy_unfit.hint }, 'the copy is held');
    else log.info({ part: this.#part }, 'the copy goes on');
    this.#told = problem;
  }

  #tellNotes(): void {
    for (const note of this.#copy.fit?.notes ?? []) this.#parts.log.warn({ note }, 'target table');
  }
}
