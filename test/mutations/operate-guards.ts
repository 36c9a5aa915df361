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
    guard: 'the refusal to skip changes without a word on their rows',
    file: `${APPLICATION}/operate/reset-offsets.ts`,
    replace: [['moves.some(isForward) && skipping === undefined', 'moves.length === 0']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/operate/reset-offsets.mysql.test.ts`,
      name: 'case 65: nothing is skipped until it is said what becomes of the rows; then every row is asked for with the move',
    },
  },
  {
    guard: 'that a dead letter is not replayed for ever',
    file: `${APPLICATION}/operate/dead-letters.ts`,
    replace: [["again || state === 'new'", "again || state !== 'replayed'"]],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/dead-letters.test.ts`,
      name: 'case 53: a key is replayed once for a reason; one that dies again for the same reason is told, and not replayed for ever',
    },
  },
  {
    guard: 'that an overtaken rewind skips nothing',
    file: `${APPLICATION}/operate/reset-offsets.ts`,
    replace: [['if (!isForward(move)) return;', '']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/operate/reset-offsets.mysql.test.ts`,
      name: 'case 63, 65: a rewind that another one has overtaken meanwhile skips nothing, and what stays is not touched',
    },
  },
  {
    guard: 'the check of a condition without the brackets around it',
    file: `${MYSQL}/server/conditioned-rows.ts`,
    replace: [['[`(\\n${condition}\\n)`, condition]', '[`(\\n${condition}\\n)`]']],
    test: mysqlTest(
      'backfill.mysql.test.ts',
      'case 69: a condition that is none, or names what is not there or not ours to read, is told, and nothing is asked for',
    ),
  },
  {
    guard: 'the answer of the operator',
    file: `${APPLICATION}/operate/apply-changes.ts`,
    replace: [['if (await mayDo(step)) return;', 'await mayDo(step);\n  if (step) return;']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/apply-changes.test.ts`,
      name: 'case 55: where the operator says no, neither that step is done nor what follows',
    },
  },
  {
    guard: 'the settings of topics among what doctor mends',
    file: `${APPLICATION}/operate/apply-changes.ts`,
    replace: [["if (kind === 'topics')", "if (kind === 'doctor')"]],
    test: {
      project: 'unit',
      file: `${APPLICATION}/operate/apply-changes.test.ts`,
      name: 'case 83: what doctor mends is done by the same steps: topics are set, and connectors that have failed restarted',
    },
  },
  {
    guard: 'that a store which could not be opened is opened again',
    file: 'sync-service/src/operations.ts',
    replace: [['      this.#store = undefined;\n      throw error;', '      throw error;']],
    test: mysqlTest('plan.mysql.test.ts', 'whoever looks again and again finds the tables that were made meanwhile'),
  },
  {
    guard: 'that up waits for what no step mends',
    file: `${APPLICATION}/operate/set-up.ts`,
    replace: [['return hindering.length === 0;', 'return true;']],
    test: mysqlTest(
      'set-up.mysql.test.ts',
      'case 55: what doctor finds and no step mends is told once, and awaited; what a step mends is not',
    ),
  },
  {
    guard: 'the late copies’ user among those that are to be made',
    file: `${APPLICATION}/operate/missing-rights.ts`,
    replace: [["...(isMade ? [creation('target', lateCopies.user)] : []),", '']],
    test: mysqlTest(
      'set-up.mysql.test.ts',
      'case 55: up has administrators make the users, does what is missing in its order, and passes over what is there',
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
