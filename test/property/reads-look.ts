import type { Key } from '@friend-sync/sync-service';
import { settleEqual } from '../../sync-service/src/application/read/due-reads.ts';
import { type Looked, lookAt, observe, type Suspect } from '../../sync-service/src/application/read/look.ts';
import type { ReadParts } from '../../sync-service/src/application/read/read-parts.ts';
import { writeReads } from '../../sync-service/src/application/read/write-reads.ts';
import type { Observation } from '../../sync-service/src/domain/read.ts';
import type { DueKey } from '../../sync-service/src/infrastructure/mysql/state/due-store.ts';
import { type Cut, cutting, tryAgain } from './disturbed.ts';
import type { ReadsTables } from './reads-tables.ts';
import { KEYS } from './source-log.ts';
import type { ToldSource } from './told-source.ts';

export interface LookBegins {
  /** A round: all keys, and those that are gone count as deleted. Otherwise the keys that are due. */
  readonly isRound: boolean;
  /** An older observation; undefined: it makes its own. */
  readonly observation: Observation | undefined;
  /** Keys that somebody has asked for, and that no look has taken since. */
  readonly asked: Set<number>;
}

/** Suspects that need the same partitions, and the offsets of those. */
interface Group {
  readonly suspects: readonly Suspect[];
  readonly ends: ReadonlyMap<number, bigint>;
}

/** One look at some keys, in steps between which anything may happen. */
export class Look {
  readonly #parts: ReadParts;
  readonly #tables: ReadsTables;
  readonly #log: ToldSource;
  readonly #isRound: boolean;
  readonly #asked: Set<number>;
  #due: ReadonlyMap<Key, DueKey> = new Map();
  #keys: readonly Key[] = [];
  #observation: Observation | undefined;
  #looked: Looked | undefined;
  #stalled: { open(): void; ended: Promise<void> } | undefined;
  #groups: Group[] = [];
  /** What it does next; undefined: it is over. */
  #next: ((parts: ReadParts) => Promise<void>) | undefined = (parts) => this.#claim(parts);

  constructor(parts: ReadParts, tables: ReadsTables, log: ToldSource, { isRound, observation, asked }: LookBegins) {
    this.#parts = parts;
    this.#tables = tables;
    this.#log = log;
    this.#isRound = isRound;
    this.#asked = asked;
    this.#observation = observation;
  }

  get isOver(): boolean {
    return this.#next === undefined && !this.#stalled;
  }

  get observation(): Observation | undefined {
    return this.#observation;
  }

  /** Does one step if it can be done by now; one that stalled goes on instead. */
  async step(cut?: Cut): Promise<void> {
    if (this.#stalled) return this.#wake();
    const { store } = this.#parts;
    const database = cut ? cutting(store.database, this.#tables.server.friend, 1, cut) : store.database;
    await this.#do({ ...this.#parts, store: { ...store, database } });
  }

  /** Begins one step, which stalls where it asks for what it compares with. */
  async stall(): Promise<void> {
    if (this.#stalled) return;
    const { store, stream } = this.#parts;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await new Promise<void>((stalls) => {
      const after = <T>(work: () => Promise<T>) => {
        stalls();
        return gate.then(work);
      };
      const database = {
        ...store.database,
        rows: (...of: Parameters<typeof store.database.rows>) => after(() => store.database.rows(...of)),
      };
      const sent = () => after(stream.sent);
      const parts = { ...this.#parts, store: { ...store, database }, stream: { ...stream, sent } };
      this.#stalled = { open, ended: this.#do(parts).finally(stalls) };
    });
  }

  async #wake(): Promise<void> {
    const stalled = this.#stalled;
    this.#stalled = undefined;
    stalled?.open();
    await stalled?.ended;
  }

  async #do(parts: ReadParts): Promise<void> {
    try {
      await this.#next?.(parts);
    } catch (error) {
      tryAgain(error);
      this.#next = undefined;
    }
  }

  async #claim({ store, source }: ReadParts): Promise<void> {
    if (!this.#isRound) {
      await this.#tables.server.friend.write('ending leases', `UPDATE ${this.#tables.state}.due_key SET due = NOW(6)`);
      const claimed = await store.database.transaction('claim', (tx) => source.due.claim(tx, 10));
      this.#due = new Map(claimed.map((key) => [key.key, key]));
      for (const { key } of claimed) this.#asked.delete(Number(key));
    }
    this.#keys = this.#isRound ? KEYS.map(BigInt) : [...this.#due.keys()];
    this.#next =
      this.#keys.length === 0 ? undefined : this.#observation ? (p) => this.#look(p) : (p) => this.#observe(p);
  }

  async #observe(parts: ReadParts): Promise<void> {
    this.#observation = await observe(parts);
    this.#next = (later) => this.#look(later);
  }

  async #look(parts: ReadParts): Promise<void> {
    if (!this.#observation) throw new Error('nothing was observed');
    this.#looked = await lookAt(parts, this.#keys, this.#observation);
    this.#next = (later) => this.#clear(later);
  }

  async #clear(parts: ReadParts): Promise<void> {
    if (!this.#looked || !this.#observation) throw new Error('nothing was read');
    if (!this.#isRound) await settleEqual(parts, this.#looked, this.#due, this.#observation);
    const { suspects, gone, absent } = this.#looked;
    // A round does not come upon keys that neither has.
    const asked = absent.filter(({ read }) => this.#due.get(read.key)?.takesGone);
    const found = [...suspects, ...gone, ...asked];
    // What the server has committed by now, what was read included.
    const wanted = this.#log.commits.length;
    this.#next = found.length > 0 ? async () => this.#passBarrier(found, wanted) : undefined;
  }

  #passBarrier(found: readonly Suspect[], wanted: number): void {
    if (!this.#log.hasSent(wanted)) return;
    const ends = this.#log.ends();
    const groups = [...ends.keys(), undefined].map((partition) => ({
      suspects: found.filter((suspect) => partitionOf(suspect) === partition),
      ends: new Map([...ends].filter(([n]) => partition === undefined || n === partition)),
    }));
    this.#groups = groups.filter(({ suspects }) => suspects.length > 0);
    this.#next = (parts) => this.#awaitIngested(parts);
  }

  async #awaitIngested({ store, topic }: ReadParts): Promise<void> {
    const consumed = await store.consumed.readAll(store.database, topic);
    const isIngested = ({ ends }: Group) => [...ends].every(([n, end]) => (consumed.get(n)?.nextOffset ?? 0n) >= end);
    const ready = this.#groups.filter(isIngested);
    if (ready.length > 0) this.#next = (parts) => this.#write(parts, ready);
  }

  async #write(parts: ReadParts, ready: readonly Group[]): Promise<void> {
    this.#groups = this.#groups.filter((group) => !ready.includes(group));
    this.#next = this.#groups.length > 0 ? (later) => this.#awaitIngested(later) : undefined;
    const takesGone = (key: Key) => this.#takesGone(key);
    for (const { suspects, ends } of ready)
      await writeReads(parts, suspects, { ends, marksNew: true, takesGone, due: this.#due });
  }

  #takesGone(key: Key): boolean {
    return this.#isRound || (this.#due.get(key)?.takesGone ?? false);
  }
}

/** A row that was heard of in this epoch needs its own partition only. */
function partitionOf({ known, observation }: Suspect): number | undefined {
  return known?.position.epoch === observation.epoch ? known.position.partition : undefined;
}
