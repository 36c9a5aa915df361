import { binlogLines, type MysqlAddress, type MysqlPrograms } from '@friend-sync/local-stack';

/** A value as `mysqlbinlog` prints it, by column number from 1: quoted text, digits, or NULL. */
export type RowImage = ReadonlyMap<number, string>;

/** One row that one statement changed. */
export interface RowChange {
  /** `schema.table` */
  readonly table: string;
  /** Undefined for an insert. */
  readonly before: RowImage | undefined;
  /** Undefined for a delete. */
  readonly after: RowImage | undefined;
}

/** Everything committed that the server's binary logs hold from `firstLog` on, in the order of the commits. */
export async function* readBinlog(
  programs: MysqlPrograms,
  server: MysqlAddress,
  firstLog: string,
): AsyncGenerator<RowChange> {
  yield* parseRowChanges(binlogLines(programs, server, firstLog));
}

/** Reads the comments in which `mysqlbinlog --verbose` shows rows: `### UPDATE …`, `### WHERE`, `###   @1=…`. */
export async function* parseRowChanges(lines: AsyncIterable<string>): AsyncGenerator<RowChange> {
  let table: string | undefined;
  let before: Map<number, string> | undefined;
  let after: Map<number, string> | undefined;
  let image: Map<number, string> | undefined;
  for await (const line of lines) {
    const value = line.startsWith('###   @') ? line.match(/^### {3}@(\d+)=(.*)$/) : null;
    if (value) {
      image?.set(Number(value[1]), value[2] ?? '');
    } else if (line === '### WHERE') {
      image = before = new Map();
    } else if (line === '### SET') {
      image = after = new Map();
    } else {
      // Any other line ends the row.
      if (table !== undefined) yield { table, before, after };
      const [, database, name] = line.match(/^### (?:INSERT INTO|UPDATE|DELETE FROM) `(.+)`\.`(.+)`$/) ?? [];
      table = database === undefined ? undefined : `${database}.${name}`;
      image = before = after = undefined;
    }
  }
  if (table !== undefined) yield { table, before, after };
}
