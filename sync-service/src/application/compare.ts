import type { Configuration, CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../domain/change.ts';
import { type Database, quoted, type Row } from '../infrastructure/mysql/database.ts';
import { readSourceColumns } from '../infrastructure/mysql/mirror-table.ts';

const PAGE_ROWS = 5_000;

export interface Comparison {
  /** Copies compared; those without a source row are in `orphans` instead. */
  readonly copies: number;
  /** Copies with a mapped column that is not equal to its source, byte for byte. */
  readonly mismatches: number;
  /** Copies whose source row does not exist: the delete policy's, not a mismatch. */
  readonly orphans: number;
  /** The first of the mismatches, without values. */
  readonly examples: readonly string[];
}

/**
 * Compares every copy with its source row, reading both servers' tables and nothing of ours. It is exact only while
 * the source is quiet and the barrier has been passed.
 */
export async function compareCopies(
  { mapping }: Configuration,
  source: Database,
  target: Database,
): Promise<Comparison> {
  const total = { copies: 0, mismatches: 0, orphans: 0, examples: [] as string[] };
  for (const sourceMapping of mapping.sources) {
    for (const copy of sourceMapping.copies) await compareCopy(sourceMapping, copy, source, target, total);
  }
  return total;
}

async function compareCopy(
  mapping: SourceMapping,
  copy: CopyMapping,
  source: Database,
  target: Database,
  total: { copies: number; mismatches: number; orphans: number; examples: string[] },
): Promise<void> {
  const name = `${copy.table.database}.${copy.table.table}`;
  const columns = copy.set.map((pair) => quoted(pair.column));
  const table = quoted(copy.table.database, copy.table.table);
  const where = copy.where ? `AND (${copy.where})` : '';
  const keyColumn = (await readSourceColumns(source, mapping)).find((column) => column.name === mapping.key);
  // As bigint, integers reach MySQL as numbers; as strings they would be compared as doubles.
  const toKey = (raw: unknown): Key => (keyColumn?.dataType.endsWith('int') ? BigInt(raw as string) : String(raw));
  let after: Key | undefined;
  for (;;) {
    // Page by source key: all copies of some keys, then the source rows of just those keys.
    const keys = await target.rows(
      `reading ${name}`,
      `SELECT DISTINCT ${quoted(copy.key)} AS k FROM ${table} WHERE ${quoted(copy.key)} ${after === undefined ? 'IS NOT NULL' : '> ?'}
        ORDER BY ${quoted(copy.key)} LIMIT ${PAGE_ROWS}`,
      after === undefined ? [] : [after],
    );
    if (keys.length === 0) return;
    const some = keys.map((row) => toKey(row.k));
    const rows = await target.rows(
      `reading ${name}`,
      `SELECT ${quoted(copy.key)} AS k, ${columns.map((c, i) => `${c} AS c${i}`).join(', ')} FROM ${table} WHERE ${quoted(copy.key)} IN (?) ${where}`,
      [some],
    );
    // By the copies' own spelling: under a folding collation one of `some` may stand for several keys.
    const spelled = [...new Set(rows.map((row) => toKey(row.k)))];
    const sources = spelled.length ? await readSources(mapping, copy, source, spelled) : new Map<string, Row>();
    for (const row of rows) {
      const wanted = sources.get(String(row.k));
      if (wanted === undefined) total.orphans++;
      else {
        total.copies++;
        const differing = copy.set.filter((_, i) => !isEqual(row[`c${i}`], wanted[`c${i}`]));
        if (differing.length) {
          total.mismatches++;
          if (total.examples.length < 10)
            total.examples.push(`${name} ${copy.key}=${row.k}: ${differing.map((p) => p.column).join(', ')}`);
        }
      }
    }
    after = some.at(-1);
  }
}

async function readSources(
  mapping: SourceMapping,
  copy: CopyMapping,
  source: Database,
  keys: readonly unknown[],
): Promise<Map<string, Row>> {
  const columns = copy.set.map((pair, i) => `${quoted(pair.from)} AS c${i}`).join(', ');
  const rows = await source.rows(
    `reading ${mapping.table.database}.${mapping.table.table}`,
    `SELECT ${quoted(mapping.key)} AS k, ${columns} FROM ${quoted(mapping.table.database, mapping.table.table)} WHERE ${quoted(mapping.key)} IN (?)`,
    [keys],
  );
  return new Map(rows.map((row) => [String(row.k), row]));
}

function isEqual(a: unknown, b: unknown): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b)
    ? a.equals(b)
    : String(a) === String(b) && (a === null) === (b === null);
}
