import type { Configuration, CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import { SyncError } from '../../errors.ts';
import { readTargetTable } from '../../infrastructure/mysql/copies/target-table.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { HeldCopy } from '../../infrastructure/mysql/store.ts';
import { rest } from '../read/rest.ts';
import { keysOf, PAGE_KEYS, readCopies } from './compared-rows.ts';
import { equalitiesOf, keysOfType } from './equality.ts';
import type { Place } from './place.ts';
import { type Difference, type Differing, Tally, type TallyOptions } from './tally.ts';
import { mirrorTruth, sourceTruth, type Truth } from './truth.ts';

/** A page of keys may have millions of copies. */
const ANSWER_MS = 600_000;

export interface CompareOptions extends TallyOptions {
  /** With the rows of the user database, or with what our mirror of them says. Default: the user database. */
  readonly against?: 'source' | 'mirror' | undefined;
  /** By source the only keys whose copies are compared; undefined: all. */
  readonly among?: ReadonlyMap<string, Keys> | undefined;
  /** Copies that are not compared. */
  readonly held?: readonly HeldCopy[] | undefined;
  /** So many of a hundred keys are compared, chosen by chance; undefined: all. */
  readonly sample?: number | undefined;
  /** Most keys a second. */
  readonly perSecond?: number | undefined;
  /** What lies before it is passed over. */
  readonly from?: Place | undefined;
  /** Told after each page: behind which place it is, and how many copies it has compared in how many seconds. */
  readonly onProgress?: ((place: Place, copies: number, seconds: number) => void) | undefined;
  /** Ends the comparison before the next page. */
  readonly signal?: AbortSignal | undefined;
}

interface Keys {
  readonly size: number;
  keys(): Iterable<Key>;
}

export interface Comparison {
  /** Copies compared; those without a source row are in `orphans` instead. */
  readonly copies: number;
  /** Copies with a mapped column that is not equal to its source, byte for byte. */
  readonly mismatches: number;
  /** Copies whose source row does not exist: the delete policy's, not a mismatch. */
  readonly orphans: number;
  /** Those of them that the delete policy leaves as they are, and those whose keys their source could not have, so that nobody reads them. */
  readonly keptOrphans: number;
  readonly strangeOrphans: number;
  /** By source the keys of those that do not hold what the delete policy says, as far as the source could have such a key; not all of very many. */
  readonly orphaned: ReadonlyMap<string, ReadonlySet<Key>>;
  /**
   * Copies that name a source row in another spelling, which the source's collation takes for the same: letter case, for
   * example. Copies are found by the very spelling, so they are none of that row.
   */
  readonly misspelt: number;
  /** The mismatches by their names, and what else is wrong with keys: the first ones, or all that were asked for. */
  readonly differences: readonly Difference[];
  readonly unmatched: readonly Difference[];
  /** The keys of the mismatches, by source. */
  readonly differing: Differing;
  /** Copies that were not compared: what their tables hold is nobody's to say. */
  readonly held: readonly HeldCopy[];
  /** Behind which it was ended by its signal; undefined: it has come to its end. */
  readonly stoppedAt?: Place | undefined;
}

/**
 * Compares copies with their source rows, or with the mirror of these, without any of the rules by which daemons write. It is
 * exact only while the source is quiet and the barrier has been passed.
 */
export async function compareCopies(
  { mapping, settings }: Configuration,
  source: Database,
  friend: Database,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { held = [], against, among } = options;
  const tally = new Tally(options);
  const result = (stoppedAt?: Place): Comparison => {
    const [differences, unmatched] = [[...tally.differences.values()], [...tally.unmatched.values()]];
    return { ...tally, differences, unmatched, held, stoppedAt };
  };
  let { from } = options;
  const began = performance.now();
  for (const sourceMapping of mapping.sources) {
    const { name } = sourceMapping;
    if ((among && !among.has(name)) || (from && from.source !== name)) continue;
    const truth =
      against === 'mirror'
        ? await mirrorTruth(friend, settings.target.stateDatabase, sourceMapping)
        : await sourceTruth(source, sourceMapping);
    for (const copy of sourceMapping.copies) {
      if (from && from.copy !== copy.id) continue;
      const after = from?.after ?? [];
      from = undefined;
      if (held.some((one) => one.source === name && one.copy === copy.id)) continue;
      const shared = { source: sourceMapping, copy, truth, friend, tally, options };
      const stoppedAt = await compareCopy({ ...shared, after, began });
      if (stoppedAt) return result(stoppedAt);
    }
  }
  return result();
}

interface Compared {
  readonly source: SourceMapping;
  readonly copy: CopyMapping;
  readonly truth: Truth;
  readonly friend: Database;
  readonly tally: Tally;
  readonly options: CompareOptions;
  readonly after: readonly string[];
  /** When the comparison as a whole has begun. */
  readonly began: number;
}

/** The copies in one table behind a place; returns where it was ended by the signal. */
async function compareCopy({
  source,
  copy,
  truth,
  friend,
  tally,
  options,
  after,
  began,
}: Compared): Promise<Place | undefined> {
  const { among, sample, perSecond, onProgress, signal } = options;
  const { columns } = await readTargetTable(friend, copy);
  const equalities = equalitiesOf(columns, copy, truth.types);
  const keyColumn = columns.get(copy.key);
  if (!keyColumn) throw new SyncError('store_misconfigured', `${copy.id}: no such column; correct the mapping`);
  const { toKey, mayBe } = keysOfType(truth.keyType);
  const target = friend.patient(ANSWER_MS);
  if (among) {
    for (const keys of inPages([...(among.get(source.name)?.keys() ?? [])], PAGE_KEYS)) await comparePage(keys);
    return undefined;
  }
  let place: Place = { source: source.name, copy: copy.id, after };
  const pages = keysOf(copy, keyColumn, target, toKey, after, Math.min(PAGE_KEYS, perSecond ?? PAGE_KEYS));
  let pageBegan = performance.now();
  for await (const { keys, end } of pages) {
    if (signal?.aborted) return place;
    const chosen = sample === undefined ? keys : keys.filter(() => Math.random() * 100 < sample);
    if (chosen.length > 0) await comparePage(chosen);
    place = { ...place, after: end };
    onProgress?.(place, tally.copies, (performance.now() - began) / 1000);
    await rest(chosen.length, perSecond, pageBegan);
    pageBegan = performance.now();
  }
  return undefined;

  async function comparePage(page: readonly Key[]): Promise<void> {
    const copies = await readCopies(copy, target, page);
    // By the copies' own spelling: under a folding collation one key of the page may stand for several.
    const spelled = [...new Set(copies.map((row) => toKey(row.k)))];
    const rows = await truth.rows(copy, spelled, toKey);
    const absent = spelled.filter((key) => !rows.has(key));
    const misspelt = new Set(await truth.misspelt(absent));
    for (const row of copies) {
      const key = toKey(row.k);
      const wanted = rows.get(key);
      if (wanted) tally.add(source, copy, equalities, key, row, wanted);
      else if (misspelt.has(key)) tally.addMisspelt(source, copy, row);
      else tally.addOrphan(source, copy, equalities, key, row, mayBe(key));
    }
  }
}
