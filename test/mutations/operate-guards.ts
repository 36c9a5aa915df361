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
];
