import { type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What keeps a target from changing a value that it is given. */
export const VALUE_GUARDS: readonly Guard[] = [
  {
    guard: 'strict sessions',
    file: `${MYSQL}/session.ts`,
    replace: [
      [
        '"\'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION\'"',
        "'@@GLOBAL.sql_mode'",
      ],
    ],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 33: a value too long for its target is parked, not cut, on a server that is not strict; a later, shorter one applies',
    ),
  },
  {
    guard: 'refusing spaces that would be cut',
    file: `${MYSQL}/copy-equality.ts`,
    replace: [['${uncut(wanted, definition)}', '${definition ? wanted : uncut(wanted, definition)}']],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 33: spaces at the end that do not fit into VARCHAR(5) are not cut either',
    ),
  },
  {
    guard: 'refusing character sets that cannot hold every value',
    file: `${MYSQL}/target-table.ts`,
    replace: [["if (definition?.charset && definition.charset !== 'utf8mb4') {", 'if (definition === null) {']],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 34: a daemon that starts writes nothing to a target that became narrower',
    ),
  },
];
