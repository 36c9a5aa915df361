import type { Database } from '@friend-sync/sync-service';
import { COPY_TABLES, SOURCE_TABLES } from './example.ts';
import { numberOf } from './version.ts';

export interface Differences {
  /** Copies that are not equal to their source, byte for byte, or have none. */
  readonly mismatches: number;
  /** Rows of the sources with a copy that is of an older version. */
  readonly lost: number;
  /** The first ones, without values. */
  readonly examples: readonly string[];
}

/** Reads every row of the sources and every copy by plain SQL and joins them here, where no server's collation has a say. */
export async function findDifferences(user: Database, friend: Database): Promise<Differences> {
  const sources = new Map<string, (string | null)[]>();
  for (const { table } of SOURCE_TABLES) {
    const sql = `SELECT id, HEX(nick_name) AS nick, HEX(head_img) AS head FROM ${table}`;
    for (const row of await user.rows('reading a source', sql))
      sources.set(`${table} ${row.id}`, [row.nick, row.head] as (string | null)[]);
  }
  const lost = new Set<string>();
  const examples: string[] = [];
  let mismatches = 0;
  for (const { source, table, key, primaryKey, values } of COPY_TABLES) {
    const columns = [
      ...primaryKey.map((column, i) => `${column} AS p${i}`),
      `${key} AS k`,
      ...values.map((v, i) => `HEX(${v}) AS v${i}`),
    ];
    for (const row of await friend.rows('reading copies', `SELECT ${columns.join(', ')} FROM ${table}`)) {
      const copy = values.map((_, i) => row[`v${i}`]) as (string | null)[];
      const id = `${source.table} ${row.k}`;
      const truth = sources.get(id);
      if (truth && copy.every((value, i) => value === truth[i])) continue;
      mismatches++;
      const [is, wanted] = [numberOf(copy.map(text)), numberOf((truth ?? []).map(text))];
      if (is < wanted) lost.add(id);
      if (examples.length < 10) {
        const name = primaryKey.map((column, i) => `${column}=${row[`p${i}`]}`).join(', ');
        examples.push(`${table} ${name}: ${key}=${row.k} is at version ${is}, its source at ${wanted}`);
      }
    }
  }
  return { mismatches, lost: lost.size, examples };
}

function text(hex: string | null): string | null {
  return hex === null ? null : Buffer.from(hex, 'hex').toString();
}
