import { type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What follows a friend server that changes, and does not wait for one that is silent. */
const SILENT = mysqlTest(
  'session.mysql.test.ts',
  'case 70: a connection that falls silent is given up, with its locks, and the next attempt has another',
);

export const SERVER_GUARDS: readonly Guard[] = [
  {
    guard: 'the renewal of connections',
    file: `${MYSQL}/database.ts`,
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
    file: `${MYSQL}/database.ts`,
    replace: [['unlessLeft(answerWithin(answerMs, sent))', 'unlessLeft(sent)']],
    test: SILENT,
  },
  {
    guard: 'giving up a connection that is silent',
    file: `${MYSQL}/database.ts`,
    replace: [['if (isUnavailable(fault)) connection.destroy();', '']],
    test: SILENT,
  },
  {
    guard: "the settings of migrate's session",
    file: `${MYSQL}/migrate.ts`,
    replace: [['await connection.query(sessionStatement({}));', '']],
    test: mysqlTest(
      'session.mysql.test.ts',
      'case 80, 93: whatever the settings of the friend server are, migrate makes a mirror that the daemon finds',
    ),
  },
];
