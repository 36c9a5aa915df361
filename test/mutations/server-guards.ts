import { type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What follows a friend server that changes. */
export const SERVER_GUARDS: readonly Guard[] = [
  {
    guard: 'the renewal of connections',
    file: `${MYSQL}/database.ts`,
    replace: [['maxIdle: 0, idleTimeout', 'maxIdle: connections, idleTimeout']],
    test: mysqlTest(
      'target-outages.mysql.test.ts',
      'case 46: a friend database that moves, while the old server lives on and is read-only, is followed by itself',
    ),
  },
];
