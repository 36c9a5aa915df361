import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const inPairs = (type: string) =>
  mysqlTest(
    'type-pairs.mysql.test.ts',
    `case 66: a copy of ${type} is refused, or accepted and equal for fan-out, patrol and verify alike`,
  );

/** What keeps a target from changing a value that it is given. */
export const VALUE_GUARDS: readonly Guard[] = [
  {
    guard: 'strict sessions',
    file: `${MYSQL}/server/session.ts`,
    replace: [
      [
        '"\'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION\'"',
        "'@@GLOBAL.sql_mode'",
      ],
    ],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 33: a value too long for its target is parked, not cut, on a server that is not strict; a later, shorter one applies',
    ),
  },
  {
    guard: 'sessions that leave dates as they are',
    file: `${MYSQL}/server/session.ts`,
    replace: [['STRICT_ALL_TABLES,ALLOW_INVALID_DATES,', 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,']],
    test: mysqlTest(
      'target-faults.mysql.test.ts',
      'case 80: dates that only an application’s sql_mode allows keep no copy from being written, and stay as they are',
    ),
  },
  {
    guard: 'refusing spaces that would be cut',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [['IF(${length}(${value}) > ${maxLength} AND', 'IF(${length}(${value}) < 0 * ${maxLength} AND']],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 33: spaces at the end that do not fit into VARCHAR(5) are not cut either',
    ),
  },
  {
    guard: 'refusing character sets that cannot hold every value',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [["if (charset && charset !== 'utf8mb4')", "if (charset === 'utf8mb4x')"]],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 34: a daemon that starts writes nothing to a target that became narrower',
    ),
  },
  {
    guard: 'refusing targets that would pad values',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [["dataType === 'binary' && columnType !== mirrorType", "dataType === ''"]],
    test: inPairs('VARBINARY(4)'),
  },
  {
    guard: 'the round that follows a message which does not tell its row',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [["await source.round.hasten(tx, 'copies missed');", 'await source.round.report(tx);']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'case 95: a copy of which a message does not tell is the next round’s, of its source alone, and that is said once',
    ),
  },
  {
    guard: 'that a table which cannot be compared holds up no batch',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [["'store_misconfigured', ", '']],
    test: mysqlTest('late-copies.mysql.test.ts', 'case 95: a table that cannot be compared holds up no batch'),
  },
  {
    guard: 'naming a copy by what travels',
    file: `${MYSQL}/copies/row-key.ts`,
    replace: [['if (named.length === primaryKey.length || ', 'if (named.length >= 0 || ']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'case 28: copies are found by primary keys of every kind that travels',
    ),
  },
  {
    guard: 'comparing numbers as numbers where they were read',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [['plain: plainNumber', 'plain: String']],
    test: inPairs('BIGINT ZEROFILL'),
  },
  {
    guard: 'comparing moments as moments where they were read',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [['plain: plainMoment', 'plain: String']],
    test: inPairs('DATETIME(3)'),
  },
  {
    guard: 'that what arrives in the place of a date of zeros is not believed',
    file: 'sync-service/src/domain/column-types.ts',
    replace: [["{ is: isZeroDate, sentAs: '1970-01-01Z' }", 'undefined']],
    test: {
      project: 'unit',
      file: 'sync-service/src/infrastructure/kafka/envelope.test.ts',
      name: 'case 87: NULL may be a date of zeros, for which the connector has no word',
    },
  },
  {
    guard: 'refusing target columns that MySQL changes by itself',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [['if (onUpdate) return', "if (dataType === '') return"]],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 66: a target column that MySQL gives the time of each write is refused, and named',
    ),
  },
  {
    guard: 'comparing numbers with what onDelete says as numbers',
    file: `${MYSQL}/copies/copy-equality.ts`,
    replace: [['equals(own, literal(text))', 'equals(own, `IF(p.fs_deleted, ${literal(text)}, ${value})`)']],
    test: mysqlTest(
      'values.mysql.test.ts',
      'case 66: a number that onDelete says is compared as a number, beyond 2^53 too',
    ),
  },
  {
    guard: 'that amounts are left as they were on their day',
    file: `${APPLICATION}/operate/propose/judge.ts`,
    replace: [[' || isAmount(wordsOf(column)) || isAmount(wordsOf(from))', '']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/propose/judge.test.ts`,
      name: 'a pair whose names are clear, of text, price: with {"found":200,"equal":200,"empty":0,"byChance":0} it is proposed: false',
    },
  },
  {
    guard: 'that what is the same by chance proves nothing',
    file: `${APPLICATION}/operate/propose/judge.ts`,
    replace: [[' || byChance >= HALF * filled', '']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/propose/judge.test.ts`,
      name: 'a pair whose names are clear, of integer, level: with {"found":200,"equal":199,"empty":0,"byChance":150} it is proposed: false',
    },
  },
];
