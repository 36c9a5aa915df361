import { createHash } from 'node:crypto';
import type { Configuration, CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { kindOf } from '../../domain/column-types.ts';
import { inPages } from '../../domain/pages.ts';
import { parseValue } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import type { TargetColumn } from '../../infrastructure/mysql/copies/target-column.ts';
import { readTargetTable } from '../../infrastructure/mysql/copies/target-table.ts';
import { holdingOf, misfit } from '../../infrastructure/mysql/copies/value-fit.ts';
import type { Database, Row } from '../../infrastructure/mysql/server/database.ts';
import { readTableShape } from '../../infrastructure/mysql/server/table-shape.ts';
import { planMirror } from '../../infrastructure/mysql/state/mirror-table.ts';
import type { HeldCopy } from '../../infrastructure/mysql/store.ts';
import { findMisspelt, keysOf, PAGE_KEYS, readCopies, readSources } from './compared-rows.ts';

/** A page of keys may have millions of copies. */
const ANSWER_MS = 600_000;
const MOST_EXAMPLES = 10;
const MOST_ORPHANED = 100_000;

export interface Comparison {
  /** Copies compared; those without a source row are in `orphans` instead. */
  readonly copies: number;
  /** Copies with a mapped column that is not equal to its source, byte for byte. */
  readonly mismatches: number;
  /** Copies whose source row does not exist: the delete policy's, not a mismatch. */
  readonly orphans: number;
  /** By source the keys of those that do not hold what the delete policy says, as far as the source could have such a key; not all of very many. */
  readonly orphaned: ReadonlyMap<string, ReadonlySet<Key>>;
  /**
   * Copies that name a source row in another spelling, which the source's collation takes for the same: letter case, for
   * example. Copies are found by the very spelling, so they are none of that row.
   */
  readonly misspelt: number;
  /** The first of the mismatches and of what is misspelt, without values. */
  readonly examples: readonly string[];
  /** The keys of the mismatches, by source. */
  readonly differing: Differing;
  /** Copies that were not compared: what their tables hold is nobody's to say. */
  readonly held: readonly HeldCopy[];
}

/** What the copies of a key hold that differ from their source: equal numbers, equal copies (48 bits of a hash). */
export type Held = number;
export type Differing = ReadonlyMap<string, ReadonlyMap<Key, Held>>;

/** How the values of one mapped column of a copy are compared. */
interface ColumnEquality {
  /** Whether a column of a copy holds what a column of its source row does. */
  readonly isEqual: (copied: unknown, wanted: unknown) => boolean;
  /** Whether it holds what the delete policy says. */
  readonly isReplaced: (copied: unknown, replacement: string | null) => boolean;
}

/**
 * Compares copies with their source rows, reading both servers' tables and nothing of ours: all of them, or those of
 * keys that differed before; not those that are `held`. It is exact only while the source is quiet and the barrier has been passed.
 */
export async function compareCopies(
  { mapping }: Configuration,
  source: Database,
  friend: Database,
  before?: Differing,
  held: readonly HeldCopy[] = [],
): Promise<Comparison> {
  const target = friend.patient(ANSWER_MS);
  const tally = new Tally(held);
  for (const sourceMapping of mapping.sources) {
    if (before && !before.has(sourceMapping.name)) continue;
    const { key: keyType, types, problems } = await readTypes(source, sourceMapping);
    if (!keyType || problems.length) throw new SyncError('contract_broken', problems.join('\n'));
    const { toKey, mayBe } = keysOfType(keyType);
    for (const copy of sourceMapping.copies) {
      if (held.some((one) => one.source === sourceMapping.name && one.copy === copy.id)) continue;
      const { columns } = await readTargetTable(friend, copy);
      const equalities = equalitiesOf(columns, copy, types);
      const keyColumn = columns.get(copy.key);
      if (!keyColumn) throw new SyncError('store_misconfigured', `${copy.id}: no such column; correct the mapping`);
      const keys = before
        ? inPages([...(before.get(sourceMapping.name)?.keys() ?? [])], PAGE_KEYS)
        : keysOf(copy, keyColumn, target, toKey);
      for await (const page of keys) {
        const copies = await readCopies(copy, target, page);
        // By the copies' own spelling: under a folding collation one key of the page may stand for several.
        const spelled = [...new Set(copies.map((row) => toKey(row.k)))];
        const rows = await readSources(sourceMapping, copy, source, spelled, toKey);
        const absent = spelled.filter((key) => !rows.has(key));
        const misspelt = new Set(await findMisspelt(sourceMapping, source, absent));
        for (const row of copies) {
          const key = toKey(row.k);
          const wanted = rows.get(key);
          if (wanted) tally.add(sourceMapping, copy, equalities, key, row, wanted);
          else if (misspelt.has(key)) tally.addMisspelt(copy, row);
          else tally.addOrphan(sourceMapping, copy, equalities, row, mayBe(key) ? key : undefined);
        }
      }
    }
  }
  return tally;
}

class Tally implements Comparison {
  copies = 0;
  mismatches = 0;
  orphans = 0;
  misspelt = 0;
  readonly orphaned = new Map<string, Set<Key>>();
  readonly examples: string[] = [];
  readonly differing = new Map<string, Map<Key, Held>>();
  readonly held: readonly HeldCopy[];

  constructor(held: readonly HeldCopy[]) {
    this.held = held;
  }

  /** `n` copies of a key that hold the same values. */
  add(
    { name }: SourceMapping,
    copy: CopyMapping,
    equalities: readonly ColumnEquality[],
    key: Key,
    row: Row,
    wanted: Row,
  ): void {
    const n = Number(row.n);
    this.copies += n;
    const differing = copy.set.filter((_, i) => !equalities[i]?.isEqual(row[`c${i}`], wanted[`c${i}`]));
    const columns = differing.map(({ column }) => column);
    if (columns.length === 0) return;
    this.mismatches += n;
    const keys = this.differing.get(name) ?? new Map<Key, Held>();
    this.differing.set(name, keys.set(key, ((keys.get(key) ?? 0) + heldBy(copy, row)) % 2 ** 48));
    this.#exemplify(copy, key, columns.join(', '));
  }

  addMisspelt(copy: CopyMapping, row: Row): void {
    this.misspelt += Number(row.n);
    this.#exemplify(copy, String(row.k), 'the source spells this key otherwise');
  }

  #exemplify({ table: { database, table }, key: column }: CopyMapping, key: Key, what: string): void {
    if (this.examples.length < MOST_EXAMPLES) this.examples.push(`${database}.${table} ${column}=${key}: ${what}`);
  }

  addOrphan(
    source: SourceMapping,
    copy: CopyMapping,
    equalities: readonly ColumnEquality[],
    row: Row,
    key: Key | undefined,
  ): void {
    this.orphans += Number(row.n);
    if (key === undefined || isSettled(source, copy, equalities, row)) return;
    const keys = this.orphaned.get(source.name) ?? new Set();
    if (keys.size < MOST_ORPHANED) this.orphaned.set(source.name, keys.add(key));
  }
}

/** Whether copies without a source row hold what is said of such. */
function isSettled(
  { onDelete }: SourceMapping,
  copy: CopyMapping,
  equalities: readonly ColumnEquality[],
  row: Row,
): boolean {
  if (onDelete.kind === 'keep') return true;
  return copy.set.every(({ column }, i) => {
    const replacement = onDelete.set[column];
    return replacement === undefined || equalities[i]?.isReplaced(row[`c${i}`], replacement);
  });
}

/** The sum of the rows' numbers is the same in whatever order they come. */
function heldBy(copy: CopyMapping, row: Row): Held {
  const hash = createHash('sha256').update(`${copy.id} ${row.n}`);
  copy.set.forEach((_, i) => {
    const value = row[`c${i}`];
    hash.update(value === null ? 'null' : 'value').update(Buffer.isBuffer(value) ? value : String(value));
  });
  return hash.digest().readUIntBE(0, 6);
}

/** What the mirror would make of the source as it is now. */
async function readTypes(source: Database, mapping: SourceMapping) {
  return planMirror(mapping, await readTableShape(source, mapping.table));
}

/** How keys are read, and whether a mirror whose keys have this type could have one. */
export function keysOfType(type: string) {
  const isInteger = type.startsWith('bigint');
  const wrapped = type.includes('unsigned') ? BigInt.asUintN : BigInt.asIntN;
  const longest = Number(type.match(/\((\d+)\)/)?.[1] ?? 0);
  return {
    // As bigint, integers reach MySQL as numbers; as strings they would be compared as doubles, and ZEROFILL pads them.
    toKey: (raw: unknown): Key => (isInteger ? BigInt(raw as string) : String(raw)),
    mayBe: (key: Key) => (typeof key === 'bigint' ? wrapped(64, key) === key : [...key].length <= longest),
  };
}

/** The fan-out's own equality of each mapped column, of values that were read. */
export function equalitiesOf(
  columns: ReadonlyMap<string, TargetColumn>,
  copy: CopyMapping,
  types: ReadonlyMap<string, string>,
): ColumnEquality[] {
  return copy.set.map(({ column, from }) => {
    const [definition, type] = [columns.get(column), types.get(from)];
    const kind = type && kindOf(type);
    const problem = definition && kind ? misfit(definition, type) : 'no such column; correct the mapping';
    if (!definition || !kind || problem) throw new SyncError('store_misconfigured', `${copy.id}.${column}: ${problem}`);
    const { plain } = holdingOf(definition);
    const areEqual = (copied: unknown, wanted: unknown) =>
      copied === null || wanted === null ? copied === wanted : plain(copied) === plain(wanted);
    return {
      isEqual: (copied, wanted) => areEqual(copied, wanted === null ? null : parseValue(wanted, kind)),
      isReplaced: (copied, text) =>
        areEqual(copied, text !== null && copied instanceof Uint8Array ? Buffer.from(text) : text),
    };
  });
}
