import { type MysqlAddress, type MysqlPrograms, prepareMysql } from '@friend-sync/local-stack';
import { type Database, describeDifference } from '@friend-sync/sync-service';
import { readBinlog } from './binlog.ts';
import { findDifferences } from './comparison.ts';
import { APPLICATION_MARK, COPY_TABLES, type CopyTable } from './example.ts';
import { type CopyTableColumns, History } from './history.ts';
import type { System } from './system.ts';

export interface Verdict {
  readonly lost: number;
  readonly mismatches: number;
  readonly backwards: number;
  /** Versions of copies that the stream had made up. */
  readonly madeUp: number;
}

/** Looks at every copy as it is, and at every version it ever had. Exact only while the source is quiet. */
export async function check(system: System, say: (line: string) => void): Promise<Verdict> {
  const { stack, user, friend } = system;
  await using operations = system.operations();
  const compared = await operations.compareCopies();
  const found = await findDifferences(user, friend);
  for (const example of [...compared.differences.map(describeDifference), ...found.examples])
    say(`differs: ${example}`);
  say(`${compared.copies} copies compared`);
  const history = await readHistory(friend, stack.friendMysql, await prepareMysql(say));
  for (const example of history.examples) say(`went back: ${example}`);
  say(
    `${history.versions} versions of copies written by friend-sync, ${history.backwards} of them older than one before; ${history.excepted} older than what the application had written ahead; ${history.madeUp} more that the stream had made up`,
  );
  return {
    lost: found.lost,
    mismatches: Math.max(found.mismatches, compared.mismatches + compared.orphans),
    backwards: history.backwards,
    madeUp: history.madeUp,
  };
}

/** Every version of every copy, from the oldest binary log that the friend server has. */
export async function readHistory(friend: Database, server: MysqlAddress, programs: MysqlPrograms): Promise<History> {
  const [oldest] = await friend.rows('listing binary logs', 'SHOW BINARY LOGS');
  const history = new History(await Promise.all(COPY_TABLES.map((table) => withColumns(friend, table))));
  for await (const change of readBinlog(programs, server, String(oldest?.Log_name))) history.add(change);
  return history;
}

/** The binary log knows columns by their number only. */
async function withColumns(friend: Database, table: CopyTable): Promise<CopyTableColumns> {
  const columns = await friend.rows(
    'reading columns',
    `SELECT COLUMN_NAME AS name, ORDINAL_POSITION AS position FROM information_schema.COLUMNS
      WHERE CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = ?`,
    [table.table],
  );
  const positions = new Map(columns.map(({ name, position }) => [String(name), Number(position)]));
  return {
    ...table,
    mark: APPLICATION_MARK,
    column(name) {
      const position = positions.get(name);
      if (position === undefined) throw new Error(`${table.table} has no column ${name}`);
      return position;
    },
  };
}
