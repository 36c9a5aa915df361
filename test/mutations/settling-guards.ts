import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const READ = `${APPLICATION}/read`;
const inRefused = (name: string) => mysqlTest('reads-refused.mysql.test.ts', name);

/** What keeps one row, or many, from holding up the others. */
export const SETTLING_GUARDS: readonly Guard[] = [
  {
    guard: 'halving what the mirror refuses',
    file: `${READ}/settler.ts`,
    replace: [
      ["if (error.kind !== 'store_refused' && error.kind !== 'store_unavailable') throw error;", 'throw error;'],
    ],
    test: inRefused(
      'case 36: a row that the mirror refuses is told, those beside it are written, and nothing waits for it until it is mended',
    ),
  },
  {
    guard: 'that the barrier waits for a refused key that is marked again',
    file: `${MYSQL}/state/due-store.ts`,
    replace: [['again = 0, attempts = 0, refused = NULL`', 'again = 0, attempts = 0`']],
    test: inRefused('a refused key that is marked again is waited for again'),
  },
  {
    guard: 'that only a character which the column lacks says that there is no row',
    file: `${MYSQL}/server/source-rows.ts`,
    replace: [
      ['if (!isUnconvertible(error)) throw error;', 'if (!isUnconvertible(error) && keys.length > 1) throw error;'],
    ],
    test: inRefused('a source that does not answer is not taken for one without the row'),
  },
  {
    guard: 'looking for the key that the source column cannot hold',
    file: `${MYSQL}/server/source-rows.ts`,
    replace: [['if (!isUnconvertible(error)) throw error;', 'throw error;']],
    test: inRefused('a key with a character that the source column lacks does not keep the others from being read'),
  },
  {
    guard: 'the same where a round looks for what is gone',
    file: `${MYSQL}/server/source-rows.ts`,
    replace: [['(await askAmong(keys, ask)).flat()', 'await ask(keys)']],
    test: mysqlTest(
      'source-keys.mysql.test.ts',
      'case 88: a key that its source cannot have, of which a message has told, is gone, and holds up no round',
    ),
  },
  {
    guard: 'the same where copies are compared',
    file: `${APPLICATION}/proof/compared-rows.ts`,
    replace: [['const rows = (await askAmong(keys, ask)).flat();', 'const rows = await ask(keys);']],
    test: mysqlTest(
      'source-keys.mysql.test.ts',
      'case 88: a copy whose key its source cannot have is an orphan, and holds up no comparison',
    ),
  },
  {
    guard: 'the size of what is written in one statement',
    file: `${READ}/settler.ts`,
    replace: [['last.length < most && bytes <= MOST_BYTES', 'last.length < most']],
    test: inRefused('large rows are written, some megabytes in one statement'),
  },
  {
    guard: 'fewer keys where rows could not be read',
    file: `${READ}/due-reads.ts`,
    replace: [['this.#limit = Math.ceil(keys.length / 2);', '']],
    test: inRefused('keys whose rows cannot be read together are read a few at a time'),
  },
  {
    guard: 'that a round does not hold up due keys',
    file: `${READ}/due-reads.ts`,
    replace: [["settler.held('due') < MOST_HELD", "settler.held('load') < MOST_HELD"]],
    test: inRefused('what a round holds does not keep due keys from being read'),
  },
  {
    guard: 'that a decision outlasts other marks',
    file: `${MYSQL}/state/due-store.ts`,
    replace: [
      [
        "takesGone === undefined ? 'due_key.takes_gone' : 'n.takes_gone'",
        "takesGone ? 'n.takes_gone' : 'n.takes_gone'",
      ],
    ],
    test: inRefused('a decision that a key counts as deleted outlasts other marks, until a message tells of it'),
  },
  {
    guard: 'that what is urgent is written first',
    file: `${READ}/turns.ts`,
    replace: [['this.#urgent.shift() ?? this.#patient.shift()', 'this.#patient.shift() ?? this.#urgent.shift()']],
    test: {
      project: 'unit',
      file: `${READ}/turns.test.ts`,
      name: 'so many run at a time; what is urgent goes before what waits, and a failure gives its turn on',
    },
  },
  {
    guard: 'waiting for marks that lie behind a clock which was set back',
    file: `${MYSQL}/server/clock.ts`,
    replace: [['COALESCE(MAX(since), NOW(6))', 'NOW(6)']],
    test: mysqlTest(
      'completion.mysql.test.ts',
      'a clock of the friend server that was set back hides no key from the barrier',
    ),
  },
  {
    guard: 'that proofreading can be turned off',
    file: `${READ}/proofreading.ts`,
    replace: [['perSecond > 0 && performance.now()', 'performance.now()']],
    test: {
      project: 'unit',
      file: `${READ}/proofreading.test.ts`,
      name: 'with 0 a second, and the stream on probation, a change is proofread: false',
    },
  },
];
