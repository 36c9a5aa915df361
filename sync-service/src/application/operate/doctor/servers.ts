import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { farIntervals } from '../../../infrastructure/mysql/server/gtid-set.ts';
import { isOlder, readClock, readSettings } from '../../../infrastructure/mysql/server/server-settings.ts';
import { findUntoldUpdates, readHistory } from '../../../infrastructure/mysql/state/server-state.ts';
import { type Finding, findingOf, type Severity } from './findings.ts';

/** A MySQL server, and what it is to us. */
export interface Server {
  readonly database: Database;
  /** With its address. */
  readonly name: string;
  /** A connector reads its binary log. */
  readonly isTailed: boolean;
  /** We write to it. */
  readonly isWritten: boolean;
}

type Settings = ReadonlyMap<string, string>;

/** What a setting must be. */
export interface Rule {
  /** The first of these that the server has. */
  readonly names: readonly string[];
  readonly isRight: (value: string) => boolean;
  readonly severity: Severity;
  readonly why: string;
  readonly mend: (name: string) => string;
}

const DAY_SECONDS = 86_400;
/** Less is the network, and a busy machine. */
const CLOCK_MS = 10_000;
/** What our SQL needs. */
const OLDEST = [8, 0, 19];

/** Kept over a restart of the server, unlike SET GLOBAL. */
function rule(severity: Severity, names: string | readonly string[], wanted: string, why: string, mend = ''): Rule {
  const value = /^\d+$/.test(wanted) ? wanted : `'${wanted}'`;
  const persisted = (name: string) => `SET PERSIST ${name} = ${value};`;
  const all = typeof names === 'string' ? [names] : names;
  return { names: all, isRight: (is) => is === wanted, severity, why, mend: (name) => mend || persisted(name) };
}

const APPLICATIONS = 'and have its applications connect anew: a session keeps what it began with';

export const OF_BINARY_LOGS: readonly Rule[] = [
  rule('error', 'log_bin', 'ON', 'it has no binary log, so no change is told', 'start it with --log-bin'),
  rule(
    'error',
    'binlog_format',
    'ROW',
    'what is logged as a statement reaches no copy but by a round',
    `SET PERSIST binlog_format = 'ROW'; ${APPLICATIONS}`,
  ),
  rule(
    'error',
    'binlog_row_image',
    'FULL',
    'the connector fails for good at a row that lacks columns',
    `SET PERSIST binlog_row_image = 'FULL'; ${APPLICATIONS}`,
  ),
  rule(
    'error',
    'gtid_mode',
    'ON',
    'without GTIDs nobody can tell what was sent, nor that the server was set back',
    "SET PERSIST enforce_gtid_consistency = 'ON', then gtid_mode one step after another: 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'",
  ),
  rule(
    'warning',
    ['source_verify_checksum', 'master_verify_checksum'],
    'ON',
    'a value that a disk has altered in a binary log is copied as it is',
  ),
  rule('warning', 'binlog_checksum', 'CRC32', 'nobody can tell that a disk has altered a binary log'),
  rule('warning', 'sync_binlog', '1', 'a crash may take back changes that were sent: their source halts then'),
  {
    ...rule('error', 'server_id', '1', 'a server without an id refuses the connectors'),
    isRight: (id) => id !== '0',
  },
  {
    ...rule('warning', 'binlog_expire_logs_seconds', '604800', 'a connector that is away for longer loses changes'),
    isRight: (seconds) => seconds === '0' || Number(seconds) >= DAY_SECONDS,
  },
];

export const OF_WRITTEN: readonly Rule[] = [
  rule(
    'error',
    'read_only',
    'OFF',
    'no copy can be written',
    'SET PERSIST read_only = 0, or name the primary in target.host',
  ),
  rule(
    'warning',
    'innodb_flush_log_at_trx_commit',
    '1',
    'a crash loses the last second, which is then read again from the topics',
  ),
  {
    ...rule('error', 'version', '', 'our SQL needs MySQL 8.0.19', 'upgrade it'),
    isRight: (version) => !isOlder(version, OLDEST),
  },
];

/** How the server logs, keeps and tells what it commits, and whether it takes what we write. */
export async function lookAtServer(server: Server): Promise<Finding[]> {
  const { database, name, isTailed, isWritten } = server;
  const settings = await readSettings(database);
  const untold = isTailed ? await findUntoldUpdates(database, name) : undefined;
  const noUpdate = 'updates reach no copy but by a round';
  return [
    ...(isTailed ? broken(OF_BINARY_LOGS, settings, name) : []),
    ...(isWritten ? broken(OF_WRITTEN, settings, name) : []),
    ...(untold ? [findingOf('error', untold, noUpdate, `${name}, binlog_row_value_options`)] : []),
    ...(isTailed ? findFarGtids(name, (await readHistory(database)).executed) : []),
    ...(await findClock(database, name)),
  ];
}

/** The rules that these settings break. One of which the server knows nothing breaks none. */
export function broken(rules: readonly Rule[], settings: Settings, server: string): Finding[] {
  return rules.flatMap(({ names, isRight, severity, why, mend }) => {
    const name = names.find((one) => settings.has(one)) ?? '';
    const value = settings.get(name);
    if (value === undefined || isRight(value)) return [];
    return [{ severity, part: `${server}, ${name}`, what: `${name} is ${value}`, why, mend: mend(name) }];
  });
}

function findFarGtids(server: string, executed: string): Finding[] {
  return farIntervals(executed).map((interval) => ({
    severity: 'warning' as const,
    part: `${server}, gtid_executed`,
    what: `${interval} lies far ahead of all numbers before it: somebody has given it by hand`,
    why: 'new transactions get the numbers below it: whatever orders them by number is misled, and behind the last number there is the server commits nothing',
    mend: 'have nobody set gtid_next by hand; what is there stays until the server is made anew, then: friend-sync epoch new --execute',
  }));
}

async function findClock(database: Database, server: string): Promise<Finding[]> {
  const before = Date.now();
  const there = await readClock(database);
  const here = (before + Date.now()) / 2;
  if (Math.abs(there - here) < CLOCK_MS) return [];
  const seconds = Math.abs(Math.round((there - here) / 1000));
  return [
    {
      severity: 'warning',
      part: `${server}, its clock`,
      what: `it is ${seconds} s ${there > here ? 'ahead of' : 'behind'} this machine's`,
      why: 'latencies, alarms and the moment at which late copies are corrected go by both',
      mend: 'have both machines keep time by NTP',
    },
  ];
}

export async function lookAtIdentities(user: Server, friend: Server): Promise<Finding[]> {
  const [one, other] = await Promise.all([readSettings(user.database), readSettings(friend.database)]);
  return compareIdentities(`${user.name}, ${friend.name}`, one, other);
}

/** Two servers that say they are one. */
export function compareIdentities(servers: string, one: Settings, other: Settings): Finding[] {
  const same = (...names: string[]) => names.every((name) => one.get(name) === other.get(name));
  if (same('server_uuid', 'hostname', 'port', 'datadir')) return [];
  if (same('server_uuid'))
    return [
      {
        severity: 'warning',
        part: `${servers}: server_uuid`,
        what: `both are ${one.get('server_uuid')}: one has begun with a copy of the other's data folder`,
        why: 'their transactions have the same names, and neither can be told from the other',
        mend: 'stop one, delete auto.cnf in its data folder, start it, then: friend-sync epoch new --execute',
      },
    ];
  if (!same('server_id')) return [];
  return [
    {
      severity: 'note',
      part: `${servers}: server_id`,
      what: `both are ${one.get('server_id')}`,
      why: 'neither could replicate from the other; friend-sync does not mind',
      mend: 'give one another server_id, if they ever are to',
    },
  ];
}
