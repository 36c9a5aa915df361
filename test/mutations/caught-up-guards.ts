import { APPLICATION, type Guard, mysqlTest } from './guard.ts';

const inCatchingUp = (name: string) => mysqlTest('catching-up.mysql.test.ts', name);

/** What has nobody call a copy wrong because the mirror is behind. */
export const CAUGHT_UP_GUARDS: readonly Guard[] = [
  {
    guard: 'the wait of the sweep of copies',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['if (found.doubts.length > 0) await course.catchUp();', '']],
    test: inCatchingUp(
      'case 84: copies with values that are not ingested yet are no drift, and are not set back; others are corrected',
    ),
  },
  {
    guard: 'the marks of a round that was asked for',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['if (isAsked) await markAll(course, found.doubts);', 'if (isAsked) void found;']],
    test: inCatchingUp('case 84: a round that was asked for sets back no copy with a value that is not ingested yet'),
  },
  {
    guard: 'that a copy differs twice',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['.filter(({ key }) => keys.has(key))', '.filter(({ key }) => keys.size > 0 && key)']],
    test: inCatchingUp('case 84: a copy that comes ahead of the mirror while the round waits is left alone'),
  },
  {
    guard: 'that a mirror has not caught up with a source that cannot be followed',
    file: `${APPLICATION}/proof/caught-up.ts`,
    replace: [
      ['    require();\n    await options.alive();', '    void require;\n    await options.alive();'],
      ['  require();\n  await delay(', '  await delay('],
      ['obstacles }));\n  require();', 'obstacles }));'],
    ],
    test: inCatchingUp(
      'case 84: nothing is compared while the source cannot be followed, whatever its connector has sent',
    ),
  },
  {
    guard: 'the wait of the search for rows that are gone',
    file: `${APPLICATION}/read/mirror-leg.ts`,
    replace: [['if (keys.length > 0) await course.catchUp();', '']],
    test: mysqlTest('gone.mysql.test.ts', 'case 84: rows whose deletes are on their way are not told of as gone'),
  },
  {
    guard: 'that late copies are not compared with a mirror that is behind',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [['behind.includes(source) ? [] : copies.filter', 'copies.filter']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'case 84: late copies of a source that cannot be followed are left to a sweep; those of another one, in the same table, are not',
    ),
  },
];
