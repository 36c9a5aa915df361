import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What follows a friend server that changes, and does not wait for one that is silent. */
const SILENT = mysqlTest(
  'session.mysql.test.ts',
  'case 70: a connection that falls silent is given up, with its locks, and the next attempt has another',
);

export const SERVER_GUARDS: readonly Guard[] = [
  {
    guard: 'the renewal of connections',
    file: `${MYSQL}/server/database.ts`,
    replace: [
      ['maxIdle: 0, idleTimeout', 'maxIdle: connections, idleTimeout'],
      ['if (isUnavailable(fault)) connection.destroy();', ''],
    ],
    test: mysqlTest(
      'target-outages.mysql.test.ts',
      'case 46: a friend database that moves, while the old server lives on and is read-only, is followed by itself',
    ),
  },
  {
    guard: 'the deadline of a statement',
    file: `${MYSQL}/server/database.ts`,
    replace: [['unlessLeft(answerWithin(answerMs, sent))', 'unlessLeft(sent)']],
    test: SILENT,
  },
  {
    guard: 'the halves of late copies',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [['() => inHalves(batch, (some) => attempt(some, alive))', '() => attempt(batch, alive)']],
    test: mysqlTest(
      'late-copies-at-once.mysql.test.ts',
      'case 80: late copies that are more at once than the friend server takes are marked in parts',
    ),
  },
  {
    guard: 'the deadline of the beginning of a session',
    file: `${MYSQL}/server/database.ts`,
    replace: [['answerWithin(answerMs, begin)', 'begin']],
    test: mysqlTest(
      'session-beginning.mysql.test.ts',
      'case 70: a connection that falls silent before its session has begun is given up, and the next attempt has another',
    ),
  },
  {
    guard: 'giving up a connection that is silent',
    file: `${MYSQL}/server/database.ts`,
    replace: [['if (isUnavailable(fault)) connection.destroy();', '']],
    test: SILENT,
  },
  {
    guard: 'what a session of ours begins with',
    file: `${MYSQL}/server/session.ts`,
    replace: [["  range_optimizer_max_mem_size: '0',\n", '']],
    test: mysqlTest(
      'session.mysql.test.ts',
      'case 80: every variable of a session is pinned, or it is said why it does no harm',
    ),
  },
  {
    guard: 'the session of migrate',
    file: `${MYSQL}/state/migrate.ts`,
    replace: [['await connection.query(sessionStatement({}));', '']],
    test: mysqlTest(
      'session.mysql.test.ts',
      'case 80: migrate makes the same tables whatever the settings of the server are',
    ),
  },
  {
    guard: 'waiting until a session is ours',
    file: `${MYSQL}/server/database.ts`,
    replace: [['await begun.get(connection.connection);', '']],
    test: mysqlTest(
      'session.mysql.test.ts',
      'case 80: what init_connect does wrong is told; nothing is said on a session that could not be made ours',
    ),
  },
  {
    guard: 'the end of a transaction of which a part was not sent',
    file: `${MYSQL}/server/database.ts`,
    replace: [
      ['state.excess ??= excessOf(link.limits, all);', 'const excess = excessOf(link.limits, all);'],
      ['if (state.excess) throw state.excess;', 'if (excess) throw excess;'],
    ],
    test: mysqlTest(
      'session.mysql.test.ts',
      'case 80: what is larger than the server takes is not sent, and told as that',
    ),
  },
  {
    guard: 'the halves of a batch that is too large',
    file: `${APPLICATION}/ingest/halves.ts`,
    replace: [['if (!isTooLarge(error)) throw error;', 'throw error;']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/ingest/halves.test.ts`,
      name: 'case 80: a batch that is larger than the server takes is stored in halves, each from where the one before ended',
    },
  },
  {
    guard: 'telling of updates that no connector hears of',
    file: `${APPLICATION}/supervise/history-watch.ts`,
    replace: [
      [
        "if (untold) health.report(updatesPart, new SyncError('contract_broken', untold));",
        'if (untold) return found;',
      ],
    ],
    test: mysqlTest(
      'history.mysql.test.ts',
      'case 86: a user server that logs updates so that no connector hears of them is told of, until it does so no longer',
    ),
  },
  {
    guard: 'finding rights that nothing needs',
    file: `${APPLICATION}/operate/rights.ts`,
    replace: [['(wide.column === undefined || wide.column === narrow.column)', 'true']],
    test: mysqlTest('doctor.mysql.test.ts', 'case 83: doctor finds a column that is read and not mapped'),
  },
  {
    guard: 'leaving out what cannot be reached, when doctor looks',
    file: `${APPLICATION}/operate/doctor/examine.ts`,
    replace: [['return undefined;', 'return part;']],
    test: mysqlTest(
      'doctor-tables.mysql.test.ts',
      'case 83: a server that is away is one finding by its name, and may be tried again; the rest is looked at',
    ),
  },
  {
    guard: 'telling what may be tried again from what may not',
    file: `${APPLICATION}/operate/doctor/findings.ts`,
    replace: [["policy.directive === 'retry' && !isRefusal", 'true']],
    test: mysqlTest(
      'doctor.mysql.test.ts',
      'case 83: doctor tells a wrong password from a server that is away, and looks at the rest',
    ),
  },
];
