import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { MysqlAddress, MysqlPrograms } from '@friend-sync/local-stack';

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
  const { command, args } = programs.program('mysqlbinlog');
  const options = [
    '--no-defaults',
    '--read-from-remote-server',
    '--to-last-log',
    `--host=${server.host}`,
    `--port=${server.port}`,
    `--user=${server.rootUser}`,
    '--verbose',
    '--base64-output=DECODE-ROWS',
    firstLog,
  ];
  const child = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000);
  });
  yield* parseRowChanges(createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }));
  const [code] = await closed;
  if (code !== 0) throw new Error(`mysqlbinlog failed (exit ${code}): ${complaint.trim()}`);
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
