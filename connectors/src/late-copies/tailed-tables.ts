import type { CopyMapping, Mapping, TableName } from '../mapping.ts';

/** A target table's primary key, in its order, as the friend database has it; empty where it does not exist. */
export type PrimaryKeys = (table: TableName) => readonly string[];

/** A target table with the columns, besides its primary key, whose change may make a copy wrong. */
export interface TailedTable {
  readonly table: TableName;
  readonly columns: readonly string[];
  /** What friend-sync writes: a change of these alone must make no message. */
  readonly mapped: ReadonlySet<string>;
}

/** Every target table once: a table may hold several copies, by different foreign keys. */
export function tailedTables({ sources }: Mapping): TailedTable[] {
  const byName = new Map<string, CopyMapping[]>();
  for (const copy of sources.flatMap(({ copies }) => copies)) {
    const name = `${copy.table.database}.${copy.table.table}`;
    byName.set(name, [...(byName.get(name) ?? []), copy]);
  }
  return [...byName.values()].flatMap((copies) => {
    const [first] = copies;
    if (!first) return [];
    const mapped = new Set(copies.flatMap(({ set }) => set.map(({ column }) => column)));
    const deciding = copies.flatMap(({ key, watch, where }) => [key, ...watch, ...namesIn(where ?? '')]);
    return [{ table: first.table, columns: [...new Set(deciding)], mapped }];
  });
}

/** Strings are skipped, quoted identifiers taken whole; a word before a parenthesis is a function. */
const WORDS =
  /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`([^`]+)`|(?<![\w$.\u0080-\uffff])(\d*[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)(?![\w$\u0080-\uffff]|\s*\()/g;
const OPERATORS = new Set(
  'and or not xor is null true false in like rlike regexp between div mod escape binary collate interval'.split(' '),
);

/** The names in a predicate that may be columns. One too many is harmless: it names no column. */
function namesIn(predicate: string): string[] {
  return [...predicate.matchAll(WORDS)].flatMap(([, quoted, word]) =>
    quoted !== undefined ? [quoted] : word !== undefined && !OPERATORS.has(word.toLowerCase()) ? [word] : [],
  );
}
