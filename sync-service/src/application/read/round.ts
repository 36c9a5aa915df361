import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import type { Observation } from '../../domain/read.ts';
import { parseKey } from '../../domain/source-schema.ts';
import type { CopySweep } from '../../infrastructure/mysql/copy-sweep.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { type Round, type RoundPlace, toAfter } from '../../infrastructure/mysql/round-store.ts';
import { GoneGuard } from './gone-guard.ts';
import { lookAfter, lookAt, observe, type Suspect } from './look.ts';
import type { ReadEvents } from './read-events.ts';
import { atSource, type ReadParts } from './read-parts.ts';
import type { Settler } from './settler.ts';
import type { Settled } from './write-reads.ts';

/** Whoever is silent for so long has lost the round. */
export const LEASE_SECONDS = 30;
const MOST_ROWS = 5_000;
/** Before it is known how large the rows are. */
const FIRST_ROWS = 100;
/** A page has about so many bytes at most. */
const PAGE_BYTES = 2 * 1024 * 1024;
/** Reading stops while so many suspects, or pages, wait for their barrier. */
const MOST_HELD = 50_000;
const MOST_PAGES = 40;
const OBSERVE_EVERY_MS = 1_000;
const SWEEP_ROWS = 5_000;
const SOME_KEYS = 500;
/** The patrol rests so many times as long as a chunk of copies took: it uses a tenth of one connection. */
const REST_FACTOR = 9;
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

export interface RoundOutcome {
  readonly rowCount: number;
  readonly correctedKeys: number;
  /** Keys that are gone, too many to take them as deleted. */
  readonly goneKeys: number;
}

/** A part of a round, by its name; false: the round is over for this instance. */
type Leg = readonly [string, (place: RoundPlace) => Promise<boolean>];

/**
 * One round over a source: every row of it is compared with the mirror, every live row of the mirror is looked for in it,
 * and every copy is compared with the mirror. Goes on at the cursor of an instance that died. A first load, a backfill
 * and the patrol are such rounds.
 */
export class RoundRun {
  readonly #options: RoundOptions;
  readonly #round: Round;
  #rowCount: number;
  #correctedKeys: number;
  #goneKeys = 0;
  #observed: { readonly at: number; readonly observation: Observation } | undefined;

  constructor(round: Round, options: RoundOptions) {
    this.#options = options;
    this.#round = round;
    this.#rowCount = round.rowCount;
    this.#correctedKeys = round.correctedKeys;
  }

  /** Undefined: the round is another instance's now, or another has been asked for. */
  async complete(): Promise<RoundOutcome | undefined> {
    const { sweeps } = this.#options.parts.source;
    const legs: readonly Leg[] = [
      ['source', (place) => this.#compareSource(place)],
      // What it has found gone so far is not stored, so it begins anew.
      ['mirror', () => this.#findGone()],
      ...sweeps.map((sweep): Leg => [`copy ${sweep.id}`, (place) => this.#sweep(sweep, place)]),
    ];
    const at = Math.max(
      0,
      legs.findIndex(([name]) => name === this.#round.place?.leg),
    );
    for (const [i, [leg, walk]] of legs.slice(at).entries()) {
      const after = (i === 0 && this.#round.place?.after) || [];
      if (!(await this.#goOn({ leg, after })) || !(await walk({ leg, after }))) return undefined;
    }
    return { rowCount: this.#rowCount, correctedKeys: this.#correctedKeys, goneKeys: this.#goneKeys };
  }

  async #compareSource({ leg, after }: RoundPlace): Promise<boolean> {
    const { parts, readFrom, settler, run } = this.#options;
    const { keyKind } = parts.source.schema;
    let from: Key | undefined = after[0] === undefined ? undefined : parseKey(after[0], keyKind);
    let limit = FIRST_ROWS;
    const pages: { readonly end: Key; readonly settled: Promise<void>; isSettled: boolean }[] = [];
    for (let isLast = false; !isLast; ) {
      const began = performance.now();
      const looked = await run(async () => lookAfter(parts, from, limit, await this.#observe(), readFrom));
      isLast = looked.rows.length < limit;
      from = looked.rows.at(-1)?.key ?? from;
      this.#rowCount += looked.rows.length;
      this.#options.events.onRead(parts, this.#purpose, looked.rows.length);
      if (from !== undefined) {
        const page = { end: from, isSettled: false, settled: this.#settle(looked.suspects) };
        pages.push(page);
        // What it fails with shows where it is awaited.
        page.settled.then(
          () => {
            page.isSettled = true;
          },
          () => {},
        );
      }
      limit = nextLimit(limit, looked.rows.length, looked.bytes);
      while (pages.length > MOST_PAGES || settler.held(this.#purpose) > MOST_HELD || (isLast && pages.length > 0)) {
        await pages[0]?.settled;
        if (!(await this.#pass(pages, leg))) return false;
      }
      if (!(await this.#pass(pages, leg))) return false;
      await this.#slowDown(looked.rows.length, began);
    }
    return true;
  }

  /** Stores the place behind the pages that are settled, from the first one on. */
  async #pass(pages: { readonly end: Key; isSettled: boolean }[], leg: string): Promise<boolean> {
    let end: Key | undefined;
    while (pages[0]?.isSettled) end = pages.shift()?.end;
    return end === undefined ? true : this.#goOn({ leg, after: toAfter(end) });
  }

  /** What cannot be settled now stays due. */
  async #settle(suspects: readonly Suspect[]): Promise<void> {
    const { parts, settler, run } = this.#options;
    const options = { marksNew: !this.#round.isAsked, purpose: this.#purpose } as const;
    const settled = await settler.settle(await this.#confirmed(suspects), options);
    this.#tell(settled);
    const left = settled.filter(({ outcome }) => outcome === 'taken' || outcome === 'given up');
    if (left.length === 0) return;
    await run(() =>
      parts.source.due.mark(
        parts.store.database,
        left.map(({ suspect }) => suspect.read.key),
      ),
    );
  }

  /** A replica may lack what was filtered, skipped or injected: what it says is read once more at the server that is followed. */
  async #confirmed(suspects: readonly Suspect[]): Promise<readonly Suspect[]> {
    const { parts, readFrom, run } = this.#options;
    if (readFrom === parts.database || suspects.length === 0) return suspects;
    const keys = suspects.map(({ read: { key } }) => key);
    const confirmed: Suspect[] = [];
    for (const some of inPages(keys, SOME_KEYS)) {
      confirmed.push(...(await run(async () => lookAt(parts, some, await observe(parts)))).suspects);
    }
    return confirmed;
  }

  async #findGone(): Promise<boolean> {
    const { parts, run } = this.#options;
    const { source, store } = parts;
    const guard = new GoneGuard();
    for (let from: Key | undefined, isLast = false; !isLast; ) {
      const began = performance.now();
      const rows = await run(() => source.mirror.readAfter(store.database, from, MOST_ROWS));
      const live = rows.filter(({ isDeleted }) => !isDeleted).map(({ key }) => key);
      const existing = await run(() => this.#existing(live));
      const missing = live.filter((key) => !existing.has(key));
      const gone = await run(() => this.#withoutRow(missing));
      if (this.#round.takesGone) await this.#takeGone(gone);
      else guard.add(live.length, gone);
      isLast = rows.length < MOST_ROWS;
      from = rows.at(-1)?.key ?? from;
      if (!(await this.#goOn({ leg: 'mirror', after: toAfter(from) }))) return false;
      await this.#slowDown(rows.length, began);
    }
    if (guard.taken) await this.#takeGone(guard.taken);
    else this.#goneKeys = guard.count;
    return true;
  }

  async #existing(keys: readonly Key[], server = this.#options.readFrom): Promise<Set<Key>> {
    const { parts } = this.#options;
    parts.require();
    if (keys.length === 0) return new Set();
    return atSource(parts.source.rows.existing(server, keys));
  }

  /** A replica that lags lacks every new row. */
  async #withoutRow(keys: readonly Key[]): Promise<readonly Key[]> {
    const { parts, readFrom } = this.#options;
    if (readFrom === parts.database) return keys;
    const existing = await this.#existing(keys, parts.database);
    return keys.filter((key) => !existing.has(key));
  }

  /** They are looked at once more, in the order of changes: one that has come back is not taken. */
  async #takeGone(keys: readonly Key[]): Promise<void> {
    const { parts, settler, run } = this.#options;
    for (const some of inPages(keys, SOME_KEYS)) {
      const { gone } = await run(async () => lookAt(parts, some, await observe(parts)));
      const settled = await settler.settle(gone, { takesGone: () => true, purpose: this.#purpose });
      this.#tell(settled);
    }
  }

  /** Keys that are pending are marked as well: a pass that is under way may be past the copy that differs now. */
  async #sweep(sweep: CopySweep, { leg, after }: RoundPlace): Promise<boolean> {
    const { parts, run, onDrift, signal } = this.#options;
    const { database } = parts.store;
    for (let from: readonly string[] | undefined = after; from; ) {
      const at: readonly string[] = from;
      const began = performance.now();
      const end = await run(async () => {
        const upTo = await sweep.chunkEnd(database, at, SWEEP_ROWS);
        const differing = await sweep.differing(database, { after: at, upTo });
        await parts.source.pending.mark(
          database,
          differing.map(({ key }) => key),
        );
        const drifted = differing.filter(({ isDrift }) => isDrift).length;
        if (differing.length > 0) onDrift(this.#round.isAsked ? 0 : drifted);
        if (!this.#round.isAsked) this.#correctedKeys += drifted;
        return upTo;
      });
      if (end && !(await this.#goOn({ leg, after: end }))) return false;
      const tookMs = performance.now() - began;
      if (!this.#round.isAsked) await delay(Math.min(LONGEST_REST_MS, tookMs * REST_FACTOR), undefined, { signal });
      from = end;
    }
    return true;
  }

  #tell(settled: readonly Settled[]): void {
    const { parts, events } = this.#options;
    events.onSettled(parts, settled, this.#purpose);
    this.#correctedKeys += settled.filter(({ corrected }) => corrected.length > 0).length;
  }

  get #purpose() {
    return this.#round.isAsked ? 'load' : 'patrol';
  }

  #goOn(place: RoundPlace): Promise<boolean> {
    const { parts, run } = this.#options;
    const tally = { rowCount: this.#rowCount, correctedKeys: this.#correctedKeys };
    return run(() => parts.source.round.goOn(parts.store.database, this.#round.token, LEASE_SECONDS, place, tally));
  }

  /** What is observed once serves what is read within the next second. */
  async #observe(): Promise<Observation> {
    if (!this.#observed || performance.now() - this.#observed.at > OBSERVE_EVERY_MS)
      this.#observed = { at: performance.now(), observation: await observe(this.#options.parts) };
    return this.#observed.observation;
  }

  async #slowDown(rows: number, began: number): Promise<void> {
    const { rowsPerSecond, signal } = this.#options;
    const leftMs = rowsPerSecond === undefined ? 0 : (rows / rowsPerSecond) * 1000 - (performance.now() - began);
    if (leftMs > 0) await delay(Math.min(leftMs, LONGEST_REST_MS), undefined, { signal });
    else signal.throwIfAborted();
  }
}

function nextLimit(limit: number, rows: number, bytes: number): number {
  const fits = rows === 0 ? limit : Math.floor((PAGE_BYTES / Math.max(1, bytes)) * rows);
  return Math.max(1, Math.min(MOST_ROWS, fits, limit * 4));
}
