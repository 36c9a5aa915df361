import type { RowChange, RowImage } from './binlog.ts';
import type { CopyTable } from './example.ts';
import { isMadeUp, numberOf } from './version.ts';

/** A copy's table, with the numbers of its columns in the binary log. */
export interface CopyTableColumns extends CopyTable {
  readonly column: (name: string) => number;
  readonly mark: string;
}

/**
 * Follows every version that every copy ever had. What is asserted is more than that a copy never goes back: across
 * all copies of a source's row, nothing that friend-sync writes is older than anything it wrote before. What the application
 * writes is its own affair, and it may be ahead of friend-sync; what friend-sync writes over it is held to the same.
 */
export class History {
  readonly #tables: ReadonlyMap<string, CopyTableColumns>;
  /** The newest version of a source's row, and of each of its columns, that friend-sync ever wrote. */
  readonly #newest = new Map<string, number>();
  /** The version with which the application left a copy, until friend-sync writes it. */
  readonly #byApplication = new Map<string, number>();
  readonly #examples: string[] = [];
  /** Versions that friend-sync wrote. */
  versions = 0;
  /** Versions that are older than one that friend-sync wrote before. */
  backwards = 0;
  /** Older versions than what the application had put there: it was ahead. */
  excepted = 0;
  /** What friend-sync wrote because its stream said so, though it never was a version. */
  madeUp = 0;

  constructor(tables: readonly CopyTableColumns[]) {
    this.#tables = new Map(tables.map((table) => [table.table, table]));
  }

  /** The first steps back, without values. */
  get examples(): readonly string[] {
    return this.#examples;
  }

  add({ table: name, before, after }: RowChange): void {
    const table = this.#tables.get(name);
    if (!table || !after) return;
    const { source, column, primaryKey, key, values, mark } = table;
    const differs = (c: string) => before?.get(column(c)) !== after.get(column(c));
    const copy = `${name} ${primaryKey.map((c) => `${c}=${after.get(column(c))}`).join(', ')}`;
    const all = values.map((c) => textOf(after, column(c)));
    if (!before || differs(mark)) this.#byApplication.set(copy, numberOf(all));
    else if (values.some(differs))
      this.#addVersion(copy, `${source.table} ${after.get(column(key))}`, all, values.map(differs));
  }

  #addVersion(copy: string, row: string, all: readonly (string | null)[], isWritten: readonly boolean[]): void {
    const ahead = this.#byApplication.get(copy) ?? 0;
    this.#byApplication.delete(copy);
    if (isMadeUp(all)) {
      this.madeUp++;
      return;
    }
    const number = numberOf(all.filter((_, i) => isWritten[i]));
    // NULL has no number; what stands beside it says how old it is, if it was written as well. If not, it may be what a
    // column that was narrowed has left of a text, without its number.
    if (number === 0 && all.some((text, i) => text !== null && !isWritten[i])) return;
    this.versions++;
    if (number < ahead) this.excepted++;
    // A column that is unknown is left as it is, so a column that is written alone has an age of its own.
    const subject = isWritten.every(Boolean) ? row : `${row}, ${isWritten.indexOf(true)}`;
    const newest = this.#newest.get(subject) ?? 0;
    if (number >= newest) {
      for (const [i, is] of isWritten.entries()) if (is) this.#raise(`${row}, ${i}`, numberOf(all.slice(i, i + 1)));
      this.#raise(row, number);
      return;
    }
    this.backwards++;
    if (this.#examples.length < 10) this.#examples.push(`${copy}: version ${number} of ${row} after ${newest}`);
  }

  #raise(subject: string, number: number): void {
    this.#newest.set(subject, Math.max(number, this.#newest.get(subject) ?? 0));
  }
}

function textOf(image: RowImage, column: number): string | null {
  const literal = image.get(column);
  return literal === undefined || literal === 'NULL' ? null : literal;
}
