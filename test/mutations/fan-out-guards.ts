import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const ofRefusals = (name: string) => mysqlTest('target-refusals.mysql.test.ts', name);

const ofUniqueValues = (name: string) => mysqlTest('unique-values.mysql.test.ts', name);

const ofLocks = (name: string) => mysqlTest('locked-copies.mysql.test.ts', name);

/** What keeps one key's, or one table's, trouble its own. */
export const FAN_OUT_GUARDS: readonly Guard[] = [
  {
    guard: 'the other columns of what is refused',
    file: `${APPLICATION}/fan-out/copy-writer.ts`,
    replace: [['copy.columns.length === 1', 'copy.columns.length > 0']],
    test: ofRefusals(
      'case 75: a key with few copies that one column refuses is parked, and everything else of it is written',
    ),
  },
  {
    guard: 'what a cursor remembers of a refusal',
    file: `${APPLICATION}/fan-out/pass.ts`,
    replace: [['fault ? { ...next, refused: fault.message } : next', 'next']],
    test: ofRefusals(
      'case 75: a key with many copies that one column refuses is parked, and everything else of it is written',
    ),
  },
  {
    guard: 'that errors which nobody has listed are narrowed down',
    file: `${MYSQL}/server/fault.ts`,
    replace: [["return kind === 'store_refused' || kind === 'internal' ?", "return kind === 'store_refused' ?"]],
    test: ofRefusals('case 73: an error that nobody has listed parks the key that it is of; the others are written'),
  },
  {
    guard: 'that a target which is not fit holds up no other',
    file: `${MYSQL}/server/fault.ts`,
    replace: [["return new SyncError('copy_unfit', `${table}: ${message}`, { cause });", 'return fault;']],
    test: ofRefusals(
      'case 73: while a column is renamed, its other targets are written, nothing is parked, and the rest follows once it is mended',
    ),
  },
  {
    guard: 'that write-through leaves any trouble of a target to the fan-out',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [
      [
        "if (kind === 'store_unavailable' || kind === 'aborted') throw error;",
        "if (kind !== 'store_contended' && kind !== 'store_refused') throw error;",
      ],
    ],
    test: ofRefusals('case 73: ingest does not stop while a target column is renamed'),
  },
  {
    guard: 'that locked copies are not waited for one by one',
    file: `${MYSQL}/copies/copy-store.ts`,
    replace: [['ORDER BY p.k FOR UPDATE OF f NOWAIT`', 'ORDER BY p.k FOR UPDATE OF f`']],
    test: ofLocks(
      'case 74: a dozen keys that an application has locked, in every target, delay no other key, and are written once they are free',
    ),
  },
  {
    guard: 'trying a few copies at a time where some are locked',
    file: `${APPLICATION}/fan-out/pass.ts`,
    replace: [['const LOCKED_ROWS = 100;', 'const LOCKED_ROWS = 1_000_000;']],
    test: ofLocks('case 74: of a key with a locked copy, those far from it are written meanwhile'),
  },
  {
    guard: 'asking before each half whether fan-out is held',
    file: `${APPLICATION}/fan-out/pass.ts`,
    replace: [['    if (!(await this.#writer.goesOn())) return;\n', '']],
    test: ofLocks(
      'case 74: while a claim is halved nothing is written any more once fan-out is held; its keys go on afterwards',
    ),
  },
  {
    guard: 'not finding copies by their primary key first',
    file: `${MYSQL}/copies/copy-join.ts`,
    replace: [["  if (target.index === 'PRIMARY') return mirrorFirst(mirrorTable, target, keyKind);\n", '']],
    test: mysqlTest(
      'copy-indexes.mysql.test.ts',
      'copies that an application has inserted or changed, and not committed yet, are waited for: BIGINT, owner BIGINT, n INT AUTO_INCREMENT, PRIMARY KEY (owner, n), KEY (n)',
    ),
  },
  {
    guard: 'giving up unique values before they are exchanged',
    file: `${MYSQL}/copies/copy-store.ts`,
    replace: [['...(clear ? [', '...(clear && !clear ? [']],
    test: ofUniqueValues('case 94: two keys that exchange unique values end right'),
  },
  {
    guard: 'the order in which unique values go on',
    file: `${MYSQL}/copies/copy-store.ts`,
    replace: [['keys.toReversed()', 'keys']],
    test: ofUniqueValues(
      'case 94: where a unique value may not be NULL, values go on in a row; an exchange is parked, and says why',
    ),
  },
  {
    guard: 'the collation by which values are unique',
    file: `${MYSQL}/copies/unique-values.ts`,
    replace: [["collation ? ` COLLATE ${collation}` : ''", "collation ? ' COLLATE utf8mb4_0900_bin' : ''"]],
    test: ofUniqueValues('case 94: two keys, in other letters, that exchange unique values end right'),
  },
  {
    guard: 'waking who waits for a key, when it is completed',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['released, this.wake(tx, texts), ', 'released, ']],
    test: ofUniqueValues('case 94: a parked key is tried again at once when the holder of its value is fanned out'),
  },
  {
    guard: 'waking who waits for a key, when it is written through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [['          this.#pending.wake(t, [row.key]),\n', '']],
    test: ofUniqueValues(
      'case 94: a parked key is tried again at once when the holder of its value is written through',
    ),
  },
  {
    guard: 'that a key which was marked meanwhile is not parked',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [
      [
        'IF(generation = pass_generation, LEAST(300, POW(2, LEAST(attempts, 10))), 0)',
        'LEAST(300, POW(2, LEAST(attempts, 10)))',
      ],
      ['attempts + IF(generation = pass_generation, 1, 0)', 'attempts + 1'],
    ],
    test: ofRefusals(
      'case 83: a key that gets another value while the one before is refused is not parked, but written at once',
    ),
  },
  {
    guard: 'the place of a key that is marked again',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['`LEAST(due, ${due})`', 'due']],
    test: mysqlTest(
      'completion.mysql.test.ts',
      'a key that is marked again keeps its place, so that one that changes all the time gets its turn',
    ),
  },
  {
    guard: 'the index of what waits for a key',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [[' FORCE INDEX (pending_waits)', '']],
    test: mysqlTest('completion.mysql.test.ts', 'completing keys reads no others, however many are pending'),
  },
  {
    guard: 'that keys ripen while many changes wait',
    file: `${APPLICATION}/fan-out/fan-out.ts`,
    replace: [['this.#isBehind(name) ? RIPE_SECONDS : 0', '0']],
    test: mysqlTest(
      'fan-out.mysql.test.ts',
      'while many changes of a source wait, its keys ripen; one that was marked long enough ago is written',
    ),
  },
];
