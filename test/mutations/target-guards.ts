import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const ofChanges = (name: string) => mysqlTest('target-changes.mysql.test.ts', name);
const ofHeld = (name: string) => mysqlTest('held-copies.mysql.test.ts', name);
const WIDENED =
  'case 60: a column that is widened while a daemon runs gets no value that is another, before the daemon has seen it and after';
const NARROWED =
  'case 60: what a column that was narrowed has cut before the daemon saw it is found by itself, refused and named';
const OUTLIVES =
  'case 72: what was passed over outlives the daemon, and a daemon that takes a mended copy for held loses nothing';
const IN_A_PASS =
  'case 72: a copy that is mended while the pass of a key goes on, and was passed over by it, is marked as missed';
const SWEPT =
  'case 72: a copy that is marked again while it is swept is swept once more; a sweep that another left off begins anew';

const UNSWEPT =
  'case 72: a copy that the server cannot compare, since `where` fails at one of its rows, is told alone, and the round goes on';

/** What keeps copies right while their tables change, or do not fit for a while. */
export const TARGET_GUARDS: readonly Guard[] = [
  {
    guard: 'refusing what could be cut, whatever the width is now',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [["CAST(CONCAT('.', ${value}) AS SIGNED)", "CONCAT(${value}, '.')"]],
    test: ofChanges(WIDENED),
  },
  {
    guard: 'sweeping a table that has changed',
    file: `${APPLICATION}/supervise/copy-watch.ts`,
    replace: [['if (seen.isFit) await', 'if (!seen) await']],
    test: ofChanges(NARROWED),
  },
  {
    guard: 'marking what a completed key has passed over',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['this.wake(tx, texts), this.#onStep(tx)]', 'this.wake(tx, texts)]']],
    test: ofHeld(OUTLIVES),
  },
  {
    guard: 'marking what a chunk has passed over',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['[stored, this.#onStep(tx)]', '[stored]']],
    test: ofHeld(IN_A_PASS),
  },
  {
    guard: 'marking what a key has passed over that waits for locked copies',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['[released, this.#onStep(tx)]', '[released]']],
    test: ofHeld(
      'case 72: a copy that is mended while a key waits for locked copies, and was passed over by it, is marked as missed',
    ),
  },
  {
    guard: 'trying again what a table has refused once it has changed',
    file: `${APPLICATION}/supervise/copy-watch.ts`,
    replace: [['await this.#source.pending.retryParked(database);', '']],
    test: ofChanges('case 60: a key that a column has refused is tried again at once when the column is widened'),
  },
  {
    guard: 'marking what a round has passed over',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['await missed.mark(database, [copy.id]);', '']],
    test: ofHeld(OUTLIVES),
  },
  {
    guard: 'that a mark which was made during a sweep stays',
    file: `${MYSQL}/state/missed-copies.ts`,
    replace: [['AND copy = ? AND token = ?', 'AND copy = ? AND token <> 1 + ?']],
    test: ofHeld(SWEPT),
  },
  {
    guard: 'the round that goes on where a copy cannot be compared',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [["fault?.kind !== 'copy_unfit' && fault?.kind !== 'store_refused'", "fault?.kind !== 'copy_unfit'"]],
    test: mysqlTest('unswept-copies.mysql.test.ts', UNSWEPT),
  },
  {
    guard: 'one mark of a copy that cannot be compared',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['if (mark !== undefined) return undefined;', '']],
    test: mysqlTest('unswept-copies.mysql.test.ts', UNSWEPT),
  },
  {
    guard: 'that a sweep of what was missed begins at its beginning',
    file: `${APPLICATION}/read/copy-leg.ts`,
    replace: [['mark === undefined ? after : []', 'after']],
    test: ofHeld(SWEPT),
  },
  {
    guard: 'that write-through passes no copy over',
    file: `${MYSQL}/store.ts`,
    replace: [['mapped.every((copy) => copy.fit)', 'mapped.some((copy) => copy.fit)']],
    test: mysqlTest('write-through.mysql.test.ts', 'case 72: a key is not written through while a copy is held'),
  },
  {
    guard: 'marking what late copies have passed over',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [['await source.missed.mark(tx, held);', '']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'case 72: a late copy whose table is held is marked as missed, not forgotten',
    ),
  },
  {
    guard: 'places among copies that give the very value back',
    file: `${MYSQL}/server/key-order.ts`,
    replace: [["if (definition.dataType === 'float') return", "if (definition.dataType === 'real') return"]],
    test: mysqlTest(
      'primary-keys.mysql.test.ts',
      'case 95: copies are walked to their end, chunk by chunk, whatever type their primary key begins with',
    ),
  },
  {
    guard: 'that a place among texts which UTF-8 lacks gives the very text back',
    file: `${MYSQL}/server/key-order.ts`,
    replace: [['charset !== null && !', 'charset === null && !']],
    test: mysqlTest(
      'primary-keys.mysql.test.ts',
      'case 95: copies are walked to their end, chunk by chunk, whatever type their primary key begins with',
    ),
  },
];
