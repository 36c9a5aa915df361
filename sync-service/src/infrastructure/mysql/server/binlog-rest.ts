import { toSyncError } from '../../../errors.ts';
import type { Database } from './database.ts';
import { containsGtids, gtidSet, isOneGtid, subtractGtids } from './gtid-set.ts';

/** What a connector has stored of its place in its server's binary logs. */
export interface BinlogPlace {
  /** The transactions that it counts as sent. */
  readonly gtids: string;
  readonly file: string;
  readonly pos: number;
}

const MOST_EVENTS = 50;

/**
 * Why a connector that has stored this may still have rows of the transactions `wanted`, a GTID set, to send; undefined:
 * it has none. Debezium counts a transaction as sent at its COMMIT, one without (DDL, GRANT, XA PREPARE, XA COMMIT) only
 * when the next one begins, which on a quiet server may be never. So what is missing of `wanted` may be statements that
 * the server's log holds behind the connector's place, and one transaction before it. Nothing else is taken as proof.
 */
export async function findUnsent(server: Database, sent: BinlogPlace, wanted: string): Promise<string | undefined> {
  const { missing, unknown, absent, unlogged } = await compare(server, sent.gtids, wanted);
  if (missing === '') return undefined;
  if (unknown !== '') return `the server lacks ${unknown}, which the connector has sent: it was set back`;
  if (absent !== '') return `the server lacks ${absent}, which a server that was read has`;
  if (unlogged !== '' && !(isOneGtid(unlogged) && (await wasLogged(server, sent.file, unlogged))))
    return `no binary log of the server holds ${unlogged}: purged, or added to gtid_purged by hand`;
  const statements = await statementsBehind(server, sent);
  if (typeof statements === 'string') return statements;
  const before = await subtractGtids(server, missing, statements.join());
  return before === '' || isOneGtid(before) ? undefined : `${before} not sent`;
}

/** All in one question, and after the connector was asked: what was committed meanwhile is not `unknown`. */
async function compare(server: Database, sent: string, wanted: string) {
  const [row] = await server.rows(
    'comparing GTID sets',
    `SELECT missing, GTID_SUBTRACT(?, @@global.gtid_executed) AS unknown,
       GTID_SUBTRACT(missing, @@global.gtid_executed) AS absent,
       GTID_SUBTRACT(missing, GTID_SUBTRACT(missing, @@global.gtid_purged)) AS unlogged
     FROM (SELECT GTID_SUBTRACT(?, ?) AS missing) AS compared`,
    [sent, wanted, sent],
  );
  return {
    missing: gtidSet(row?.missing),
    unknown: gtidSet(row?.unknown),
    absent: gtidSet(row?.absent),
    unlogged: gtidSet(row?.unlogged),
  };
}

/** Whether a transaction stood in the server's logs before this one. What was added to `gtid_purged` by hand never did. */
async function wasLogged(server: Database, file: string, gtid: string): Promise<boolean> {
  const events = await eventsFrom(server, file, 4, 2).catch(() => []);
  const before = events.find(({ type }) => type === 'Previous_gtids');
  return before !== undefined && containsGtids(server, gtidSet(before.info), gtid);
}

/** The transactions behind a connector's place, if all of them are statements; else what stands in the way of saying so. */
async function statementsBehind(server: Database, { file, pos }: BinlogPlace): Promise<string[] | string> {
  try {
    const logs = await server.rows('listing binary logs', 'SHOW BINARY LOGS');
    const last = logs.at(-1);
    const at = `the connector stands at ${file}:${pos}`;
    if (last?.Log_name !== file) return `${at}, and the server's log ends in ${last?.Log_name}`;
    // Of a place behind a log's end MySQL shows no events, and says no error.
    if (pos > Number(last.File_size))
      return `${at}, and that log of the server ends at ${last.File_size}: the place is another server's`;
    const events = await eventsFrom(server, file, pos, MOST_EVENTS);
    if (events.length === MOST_EVENTS) return `${at}, and more than a few events follow`;
    const row = events.find(({ type, info }) => !isOfStatement(type, info));
    return row ? `${at}, and rows follow` : events.flatMap(({ info }) => info.match(/GTID_NEXT= '(.+)'/)?.[1] ?? []);
  } catch (error) {
    const { kind, message } = toSyncError(error);
    // Of the friend server's logs the daemon's user may read nothing: they hold all its rows. What follows tells it, too.
    return kind === 'store_misconfigured'
      ? 'not sent, or a statement behind which nothing has been committed yet'
      : message;
  }
}

/** Rows stand between BEGIN and COMMIT, or between XA START and XA PREPARE. */
function isOfStatement(type: string, info: string): boolean {
  if (type === 'Query') return !/^(BEGIN|XA START|XA END)/.test(info);
  return /^(Gtid|Format_desc|Previous_gtids|Stop)/.test(type);
}

async function eventsFrom(server: Database, file: string, pos: number, most: number) {
  const sql = `SHOW BINLOG EVENTS IN ? FROM ${Math.trunc(pos)} LIMIT ${most}`;
  const events = await server.rows('looking into the binary log', sql, [file]);
  return events.map(({ Event_type, Info }) => ({ type: String(Event_type), info: String(Info) }));
}
