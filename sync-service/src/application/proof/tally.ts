import { createHash } from 'node:crypto';
import type { CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import type { Row } from '../../infrastructure/mysql/server/database.ts';
import type { ColumnEquality } from './equality.ts';

/** Differences that are named where nobody has asked for all of them. */
const MOST_NAMED = 10;
const MOST_ORPHANED = 100_000;

/** Copies of one key in one table that are not what they should be, without values. */
export interface Difference {
  readonly source: string;
  /** `database.table`. */
  readonly table: string;
  /** The column that holds the key of the source row. */
  readonly keyColumn: string;
  readonly key: Key;
  /** Those in which they differ; otherwise `problem` says what is wrong. */
  readonly columns: readonly string[];
  readonly problem?: string;
}

/** In one line. */
export function describeDifference({ table, keyColumn, key, columns, problem }: Difference): string {
  return `${table} ${keyColumn}=${key}: ${problem ?? columns.join(', ')}`;
}

/** What the copies of a key hold that differ from their source: equal numbers, equal copies (48 bits of a hash). */
export type Held = number;
export type Differing = ReadonlyMap<string, ReadonlyMap<Key, Held>>;

export interface TallyOptions {
  /** All that differs is named, and not the first of it alone. */
  readonly listsAll?: boolean | undefined;
  /** Copies without a source row are named as well. */
  readonly listsOrphans?: boolean | undefined;
}

/** What a comparison has found. */
export class Tally {
  copies = 0;
  mismatches = 0;
  orphans = 0;
  keptOrphans = 0;
  strangeOrphans = 0;
  misspelt = 0;
  readonly orphaned = new Map<string, Set<Key>>();
  readonly differing = new Map<string, Map<Key, Held>>();
  /** By their lines: copies of a key that differ in the same columns are named once. */
  readonly differences = new Map<string, Difference>();
  readonly unmatched = new Map<string, Difference>();
  readonly #mostNamed: number;
  readonly #listsOrphans: boolean;

  constructor({ listsAll = false, listsOrphans = false }: TallyOptions) {
    this.#mostNamed = listsAll ? Number.POSITIVE_INFINITY : MOST_NAMED;
    this.#listsOrphans = listsOrphans;
  }

  /** Copies of a key that hold the same values: `row.n` of them. */
  add(
    source: SourceMapping,
    copy: CopyMapping,
    equalities: readonly ColumnEquality[],
    key: Key,
    row: Row,
    wanted: Row,
  ): void {
    const n = Number(row.n);
    this.copies += n;
    const isDifferent = (i: number) =>
      wanted[`c${i}`] !== undefined && !equalities[i]?.isEqual(row[`c${i}`], wanted[`c${i}`]);
    const columns = copy.set.filter((_, i) => isDifferent(i)).map(({ column }) => column);
    if (columns.length === 0) return;
    this.mismatches += n;
    const keys = this.differing.get(source.name) ?? new Map<Key, Held>();
    this.differing.set(source.name, keys.set(key, ((keys.get(key) ?? 0) + heldBy(copy, row)) % 2 ** 48));
    this.#name(this.differences, source, copy, key, columns);
  }

  addMisspelt(source: SourceMapping, copy: CopyMapping, row: Row): void {
    this.misspelt += Number(row.n);
    this.#name(this.unmatched, source, copy, String(row.k), [], 'the source spells this key otherwise');
  }

  /** `mayBe`: the source could have such a key. */
  addOrphan(
    source: SourceMapping,
    copy: CopyMapping,
    equalities: readonly ColumnEquality[],
    key: Key,
    row: Row,
    mayBe: boolean,
  ): void {
    const n = Number(row.n);
    this.orphans += n;
    if (this.#listsOrphans) this.#name(this.unmatched, source, copy, key, [], 'there is no source row');
    if (source.onDelete.kind === 'keep') this.keptOrphans += n;
    if (isSettled(source, copy, equalities, row)) return;
    if (!mayBe) {
      this.strangeOrphans += n;
      return;
    }
    const keys = this.orphaned.get(source.name) ?? new Set();
    if (keys.size < MOST_ORPHANED) this.orphaned.set(source.name, keys.add(key));
  }

  #name(
    list: Map<string, Difference>,
    { name: source }: SourceMapping,
    { table: { database, table }, key: keyColumn }: CopyMapping,
    key: Key,
    columns: readonly string[],
    problem?: string,
  ): void {
    if (list.size >= this.#mostNamed) return;
    const named = { source, table: `${database}.${table}`, keyColumn, key, columns };
    const difference = problem === undefined ? named : { ...named, problem };
    list.set(describeDifference(difference), difference);
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
