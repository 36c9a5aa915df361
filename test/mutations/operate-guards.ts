import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What keeps `explain` from blaming the wrong part, and `plan` and `apply` from the wrong step. */
export const OPERATE_GUARDS: readonly Guard[] = [
  {
    guard: 'the passing over of other sources’ troubles',
    file: `${APPLICATION}/operate/explain.ts`,
    replace: [
      ['return isOf(this.#mapping) || !mapping.sources.some(isOf);', 'return mapping.sources.some(isOf) || true;'],
    ],
    test: mysqlTest(
      'explain.mysql.test.ts',
      'case 83: explain says of copies that differ what keeps fan-out from them',
    ),
  },
  {
    guard: 'the second look at a row that is explained',
    file: `${APPLICATION}/operate/explain.ts`,
    replace: [
      [
        'const isChanging = JSON.stringify(moving(before)) !== JSON.stringify(moving(after));',
        'const isChanging = false;',
      ],
    ],
    test: mysqlTest(
      'explain.mysql.test.ts',
      'case 83: explain says of a mirror that differs from its source what keeps the change from it',
    ),
  },
  {
    guard: 'the mapping by which a daemon says that it works',
    file: `${APPLICATION}/operate/planned-steps.ts`,
    replace: [['names.every((name) => daemon[name] === sources[name])', 'names.every((name) => name in daemon)']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/planned-steps.test.ts`,
      name: 'case 55: daemons are restarted where one of them works by another mapping, or does not say by which',
    },
  },
  {
    guard: 'the stop of apply where rights are missing',
    file: `${APPLICATION}/operate/apply-changes.ts`,
    replace: [["if (step.kind === 'grants')", "if (step.kind === 'revoke')"]],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/apply-changes.test.ts`,
      name: 'case 55: where rights are missing, apply shows them and does nothing',
    },
  },
  {
    guard: 'the check of a condition without the brackets around it',
    file: `${MYSQL}/conditioned-rows.ts`,
    replace: [['[`(\\n${condition}\\n)`, condition]', '[`(\\n${condition}\\n)`]']],
    test: mysqlTest(
      'backfill.mysql.test.ts',
      'case 69: a condition that is none, or names what is not there or not ours to read, is told, and nothing is asked for',
    ),
  },
  {
    guard: 'that what a mirror does not know is no difference',
    file: `${APPLICATION}/proof/tally.ts`,
    replace: [['wanted[`c${i}`] !== undefined && !equalities', '!equalities']],
    test: mysqlTest(
      'verify.mysql.test.ts',
      'case 53: against the mirror, copies are compared with what was heard last, and no row of the user database is read',
    ),
  },
  {
    guard: 'the place at which a comparison was stopped',
    file: `${APPLICATION}/proof/compare.ts`,
    replace: [['place = { ...place, after: end };', 'place = { ...place };']],
    test: mysqlTest(
      'verify.mysql.test.ts',
      'case 53: a comparison that is stopped goes on where it was, and the two together see every copy once',
    ),
  },
];
