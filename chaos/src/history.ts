import type { RowChange, RowImage } from './binlog.ts';
import type { CopyTable } from './example.ts';
import { numberOf } from './version.ts';

/** A copy's table, with the numbers of its columns in the binary log. */
export interface CopyTableColumns extends CopyTable {
  readonly column: (name: string) => number;
  readonly mark: string;
}

/**
 * Follows every version that every copy ever had. What is asserted is more than that a copy never goes back: across
 * all copies of a user, nothing that friend-sync writes is older than anything it wrote before. What the application
 * writes is its own affair, and it may be ahead of friend-sync; what friend-sync writes over it is held to the same.
 */
export class History {
  readonly #tables: ReadonlyMap<string, CopyTableColumns>;
  /** The newest version of a user that friend-sync ever wrote. */
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
    const { column, primaryKey, key, values, mark } = table;
    const differs = (columns: readonly string[]) =>
      columns.some((c) => before?.get(column(c)) !== after.get(column(c)));
    const copy = `${name} ${primaryKey.map((c) => `${c}=${after.get(column(c))}`).join(', ')}`;
    const number = numberOf(values.map((c) => textOf(after, column(c))));
    if (!before || differs([mark])) {
      this.#byApplication.set(copy, number);
    } else if (differs(values)) {
      const user = String(after.get(column(key)));
      this.versions++;
      if (number < (this.#byApplication.get(copy) ?? 0)) this.excepted++;
      this.#byApplication.delete(copy);
      const newest = this.#newest.get(user) ?? 0;
      if (number < newest) {
        this.backwards++;
        if (this.#examples.length < 10)
          this.#examples.push(`${copy}: version ${number} of user ${user} after ${newest}`);
      } else this.#newest.set(user, number);
    }
  }
}

function textOf(image: RowImage, column: number): string | null {
  const literal = image.get(column);
  return literal === undefined || literal === 'NULL' ? null : literal;
}
