import { APPLICATION, type Guard, MYSQL } from './guard.ts';

const proofTest = (name: string): Guard['test'] => ({
  project: 'unit',
  file: `${APPLICATION}/supervise/picture-proof.test.ts`,
  name,
});
const fitTest = (name: string): Guard['test'] => ({
  project: 'mysql',
  file: `${MYSQL}/server/source-fit.mysql.test.ts`,
  name: `case 92: a source that no longer fits is told by name: ${name}`,
});

/** What makes a wrong picture of a table, and a table that does not fit, known for certain. */
export const PICTURE_GUARDS: readonly Guard[] = [
  {
    guard: 'the shape that is remembered once its change is stored',
    file: `${APPLICATION}/supervise/table-watch.ts`,
    replace: [['await events.onChange(name, columns);', 'events.onChange(name, columns).catch(() => {});']],
    test: {
      project: 'mysql',
      file: 'sync-service/src/application/supervise/table-watch.mysql.test.ts',
      name: 'case 85: a change of the table that could not be stored is told again',
    },
  },
  {
    guard: 'that a picture counts when the connector has come past',
    file: `${APPLICATION}/supervise/picture-proof.ts`,
    replace: [["if (sent === 'not all') return", 'if (!before) return']],
    test: proofTest('a picture that is late is not wrong, however long it takes'),
  },
  {
    guard: 'that what the connector has passed counts for one shape of the table',
    file: `${APPLICATION}/supervise/picture-proof.ts`,
    replace: [['before?.shape !== seen.shape || ', '!before || ']],
    test: proofTest('a table that changes meanwhile, with the same differences, is looked at anew'),
  },
  {
    guard: 'that a picture which changes meanwhile is another one',
    file: `${APPLICATION}/supervise/picture-proof.ts`,
    replace: [[' || before.found !== seen.found', '']],
    test: proofTest('a picture that changes meanwhile is looked at anew'),
  },
  {
    guard: 'that a wrong key counts when no statement is left',
    file: `${APPLICATION}/supervise/picture-proof.ts`,
    replace: [["sent === 'all' && misreadsKey", 'misreadsKey']],
    test: proofTest(
      'a wrong picture of the key counts once the connector has come past the DDL, not while statements are left',
    ),
  },
  {
    guard: 'that a history which is still being written may come to the table',
    file: 'sync-service/src/infrastructure/kafka/picture-reader.ts',
    replace: [['if (!this.#picture && (isEmpty || isNew))', 'if (isEmpty && isNew)']],
    test: {
      project: 'unit',
      file: 'sync-service/src/infrastructure/kafka/picture-reader.test.ts',
      name: 'a history that does not have the table yet tells nothing while it is being written',
    },
  },
  {
    guard: 'that the mirror was made for this kind of column',
    file: `${MYSQL}/server/source-fit.ts`,
    replace: [['kindOf(has) === kind && ', '']],
    test: fitTest('ALTER TABLE DB.account MODIFY id BIGINT UNSIGNED'),
  },
  {
    guard: 'that the mirror has as many decimals',
    file: `${MYSQL}/server/source-fit.ts`,
    replace: [[' && fractionOf(kind, has) >= fractionOf(kind, needed)', '']],
    test: fitTest('ALTER TABLE DB.account MODIFY stars DECIMAL(6,3)'),
  },
  {
    guard: 'that the key is the primary key',
    file: `${MYSQL}/state/mirror-table.ts`,
    replace: [['primary.length === 1 && primary[0] === key', 'primary.length >= 0']],
    test: fitTest('ALTER TABLE DB.account DROP PRIMARY KEY, ADD PRIMARY KEY (id, secret)'),
  },
];
