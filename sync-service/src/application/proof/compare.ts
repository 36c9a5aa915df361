import { createHash } from 'node:crypto';
import type { Configuration, CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import { type Database, quoted, type Row } from '../../infrastructure/mysql/database.ts';
import type { HeldCopy } from '../../infrastructure/mysql/store.ts';
import { readTableShape } from '../../infrastructure/mysql/table-shape.ts';

const PAGE_KEYS = 5_000;
const MOST_EXAMPLES = 10;

export interface Comparison {
  /** Copies compared; those without a source row are in `orphans` instead. */
  readonly copies: number;
  /** Copies with a mapped column that is not equal to its source, byte for byte. */
  readonly mismatches: number;
  /** Copies whose source row does not exist: the delete policy's, not a mismatch. */
  readonly orphans: number;
  /** Their keys, by source. */
  readonly orphaned: ReadonlyMap<string, ReadonlySet<Key>>;
  /** The first of the mismatches, without values. */
  readonly examples: readonly string[];
  /** The keys of the mismatches, by source. */
  readonly differing: Differing;
  /** Copies that were not compared: what their tables hold is nobody's to say. */
  readonly held: readonly HeldCopy[];
}

/** What the copies of a key hold that differ from their source: equal numbers, equal copies (48 bits of a hash). */
export type Held = number;
export type Differing = ReadonlyMap<string, ReadonlyMap<Key, Held>>;

/**
 * Compares copies with their source rows, reading both servers' tables and nothing of ours: all of them, or those of
 * keys that differed before; not those that are `held`. It is exact only while the source is quiet and the barrier has been passed.
 */
export async function compareCopies(
  { mapping }: Configuration,
  source: Database,
  target: Database,
  before?: Differing,
  held: readonly HeldCopy[] = [],
): Promise<Comparison> {
  const tally = new Tally(held);
  for (const sourceMapping of mapping.sources) {
    if (before && !before.has(sourceMapping.name)) continue;
    const isInteger = await hasIntegerKey(source, sourceMapping);
    // As bigint, integers reach MySQL as numbers; as strings they would be compared as doubles, and ZEROFILL pads them.
    const toKey = (raw: unknown): Key => (isInteger ? BigInt(raw as string) : String(raw));
    for (const copy of sourceMapping.copies) {
      if (held.some((one) => one.source === sourceMapping.name && one.copy === copy.id)) continue;
      const keys = before
        ? inPages([...(before.get(sourceMapping.name)?.keys() ?? [])], PAGE_KEYS)
        : keysOf(copy, target, toKey);
      for await (const page of keys) {
        const copies = await readCopies(copy, target, page);
        // By the copies' own spelling: under a folding collation one key of the page may stand for several.
        const spelled = [...new Set(copies.map((row) => toKey(row.k)))];
        const rows = await readSources(sourceMapping, copy, source, spelled, toKey);
        for (const row of copies) {
          const key = toKey(row.k);
          tally.add(sourceMapping, copy, key, row, rows.get(key));
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
  readonly orphaned = new Map<string, Set<Key>>();
  readonly examples: string[] = [];
  readonly differing = new Map<string, Map<Key, Held>>();
  readonly held: readonly HeldCopy[];

  constructor(held: readonly HeldCopy[]) {
    this.held = held;
  }

  /** `n` copies of a key that hold the same values. */
  add({ name }: SourceMapping, copy: CopyMapping, key: Key, row: Row, wanted: Row | undefined): void {
    const n = Number(row.n);
    if (wanted === undefined) {
      this.orphans += n;
      this.orphaned.set(name, (this.orphaned.get(name) ?? new Set()).add(key));
      return;
    }
    this.copies += n;
    const columns = copy.set.filter((_, i) => !isEqual(row[`c${i}`], wanted[`c${i}`])).map(({ column }) => column);
    if (columns.length === 0) return;
    this.mismatches += n;
    const keys = this.differing.get(name) ?? new Map<Key, Held>();
    this.differing.set(name, keys.set(key, ((keys.get(key) ?? 0) + heldBy(copy, row)) % 2 ** 48));
    const { database, table } = copy.table;
    if (this.examples.length < MOST_EXAMPLES)
      this.examples.push(`${database}.${table} ${copy.key}=${key}: ${columns.join(', ')}`);
  }
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

async function hasIntegerKey(source: Database, mapping: SourceMapping): Promise<boolean> {
  const shape = await readTableShape(source, mapping.table);
  const column = shape?.columns.find(({ name }) => name === mapping.key);
  return column?.dataType.endsWith('int') ?? false;
}

async function* keysOf(copy: CopyMapping, target: Database, toKey: (raw: unknown) => Key): AsyncGenerator<Key[]> {
  const [key, table] = [quoted(copy.key), quoted(copy.table.database, copy.table.table)];
  for (let after: Key | undefined; ; ) {
    const rows = await target.rows(
      `reading ${copy.id}`,
      `SELECT DISTINCT ${key} AS k FROM ${table} WHERE ${key} ${after === undefined ? 'IS NOT NULL' : '> ?'} ORDER BY ${key} LIMIT ${PAGE_KEYS}`,
      after === undefined ? [] : [after],
    );
    if (rows.length === 0) return;
    const page = rows.map((row) => toKey(row.k));
    yield page;
    after = page.at(-1);
  }
}

/** One row for all copies of a key that hold the same bytes, `n` of them: a key may have a million copies. */
async function readCopies(copy: CopyMapping, target: Database, keys: readonly Key[]): Promise<Row[]> {
  const columns = ['k', ...copy.set.map((_, i) => `c${i}`)];
  const inner = [copy.key, ...copy.set.map(({ column }) => column)].map(
    (name, i) => `${quoted(name)} AS ${columns[i]}`,
  );
  const where = copy.where ? ` AND (${copy.where})` : '';
  return target.rows(
    `reading ${copy.id}`,
    `SELECT ${columns.map((c) => `ANY_VALUE(${c}) AS ${c}`).join(', ')}, COUNT(*) AS n
       FROM (SELECT ${inner.join(', ')} FROM ${quoted(copy.table.database, copy.table.table)} WHERE ${quoted(copy.key)} IN (?)${where}) AS some
      GROUP BY ${columns.map((c) => `CAST(some.${c} AS BINARY)`).join(', ')}`,
    [keys],
  );
}

async function readSources(
  mapping: SourceMapping,
  copy: CopyMapping,
  source: Database,
  keys: readonly Key[],
  toKey: (raw: unknown) => Key,
): Promise<Map<Key, Row>> {
  if (keys.length === 0) return new Map();
  const columns = copy.set.map((pair, i) => `${quoted(pair.from)} AS c${i}`).join(', ');
  const rows = await source.rows(
    `reading ${mapping.table.database}.${mapping.table.table}`,
    `SELECT ${quoted(mapping.key)} AS k, ${columns} FROM ${quoted(mapping.table.database, mapping.table.table)} WHERE ${quoted(mapping.key)} IN (?)`,
    [keys],
  );
  return new Map(rows.map((row) => [toKey(row.k), row]));
}

function isEqual(a: unknown, b: unknown): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b)
    ? a.equals(b)
    : String(a) === String(b) && (a === null) === (b === null);
}
