import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const READ = `${APPLICATION}/read`;
const inRound = (name: string) => mysqlTest('reads-round.mysql.test.ts', name);
const inCourse = (name: string) => mysqlTest('reads-course.mysql.test.ts', name);
const ofControl = (name: string) => mysqlTest('round-control.mysql.test.ts', name);
const ofGone = (name: string) => mysqlTest('gone.mysql.test.ts', name);

/** What has a round compare everything once, and tell what it may not take as deleted. */
export const ROUND_GUARDS: readonly Guard[] = [
  {
    guard: "a round's cursor",
    file: `${READ}/round.ts`,
    replace: [['(i === 0 && cursor) || []', '(i < 0 && cursor) || []']],
    test: inRound('a round whose instance dies goes on elsewhere behind the pages that it has settled'),
  },
  {
    guard: 'that a source with another mapping is read as a whole',
    file: `${READ}/source-reads.ts`,
    replace: [['await source.round.request(tx, { joins: true });', '{ }']],
    test: mysqlTest(
      'trust.mysql.test.ts',
      'case 55: a source that is followed by another mapping than last time is read as a whole, once',
    ),
  },
  {
    guard: 'that a cursor is for its own leg',
    file: `${READ}/round.ts`,
    replace: [['(known >= 0 && round.place?.after)', 'round.place?.after']],
    test: inCourse('a round in the sweep of a copy that has left the mapping begins anew'),
  },
  {
    guard: 'smaller pages where a page fails',
    file: `${READ}/source-leg.ts`,
    replace: [['limit = Math.ceil(limit / GROWTH);', '']],
    test: inCourse('rows that take longer than a statement may are read fewer at a time'),
  },
  {
    guard: 'the largest page that is written',
    file: `${READ}/source-leg.ts`,
    replace: [['looked.bytes > MOST_BYTES', 'looked.bytes < 0']],
    test: inCourse('a page that turns out to be too large to be written at once is read once more, with fewer rows'),
  },
  {
    guard: 'keeping a round while its rows wait',
    file: `${READ}/round-course.ts`,
    replace: [['repeat(KEEP_EVERY_MS, () =>', 'repeat(100 * KEEP_EVERY_MS, () =>']],
    test: inCourse('a round is kept while its rows wait for their barrier'),
  },
  {
    guard: 'leaving the marks of a first load to the sweep',
    file: `${READ}/source-leg.ts`,
    replace: [['{ marksNew: !course.round.isAsked,', '{ marksNew: true,']],
    test: inRound('a first load fills the mirror and marks no key but those whose copies differ'),
  },
  {
    guard: 'the guard against vanishing',
    file: `${READ}/gone-guard.ts`,
    replace: [['return this.#count <= this.#confirmed', 'return this.#count <= MOST_KEYS + this.#confirmed']],
    test: ofGone(
      'as many keys as a round may take are taken as deleted; one more, and nothing is touched until somebody says so',
    ),
  },
  {
    guard: 'telling how many rows are gone before the sweeps',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [
      ['gone_keys = COALESCE(?, gone_keys)\n       WHERE', 'gone_keys = gone_keys + 0 * COALESCE(?, 0)\n       WHERE'],
    ],
    test: ofGone(
      'keys that are gone are told of before the copies are swept; the round of an instance that died there tells no less',
    ),
  },
  {
    guard: 'that rows which are told of hasten no more rounds',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [['(gone_keys = 0 OR ?)', '(gone_keys >= 0 OR ?)']],
    test: ofGone(
      'rows that are found gone while the copies are swept have another round follow at once; once they are told of, none',
    ),
  },
  {
    guard: 'the round after one that was past what hastened it',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [['IF(leg <> ?, 1, hastened)', 'IF(leg <> ?, hastened, hastened)']],
    test: mysqlTest(
      'patrol.mysql.test.ts',
      'a round that has yet to sweep does for copies that were missed; one that sweeps goes on, and the patrol follows',
    ),
  },
  {
    guard: 'the look for a table without rows',
    file: `${READ}/rounds.ts`,
    replace: [['if (!isEmpty) return;', 'return;']],
    test: ofGone(
      'case 26: a table that has lost all its rows is told of before the next round is due, until somebody decides',
    ),
  },
  {
    guard: 'that nobody takes up a round which is paused',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [['due <= NOW(6) AND paused_at IS NULL FOR', 'due <= NOW(6) FOR']],
    test: ofControl('case 57: a round that is paused is nobody’s, and goes on at its place when it is resumed'),
  },
  {
    guard: 'that a pause makes no round due',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [['due = IF(leg IS NULL, due, NOW(6)), paused_at', 'due = NOW(6), paused_at']],
    test: ofControl('case 57: pausing while no round is under way makes none due when it is resumed'),
  },
  {
    guard: 'that the pace of a round ends with it',
    file: `${MYSQL}/state/round-store.ts`,
    replace: [['gone_confirmed = 0, rows_per_second = NULL\n       WHERE', 'gone_confirmed = 0\n       WHERE']],
    test: ofControl('case 57: a round is made slower and faster while it runs, until it ends'),
  },
  {
    guard: 'that a round which was stopped is none that has ended',
    file: `${APPLICATION}/operate/await-rounds.ts`,
    replace: [['report.stoppedRequests >= ticket.request', 'report.stoppedRequests < 0n']],
    test: ofControl(
      'case 57: a round that is stopped is over for whoever waits for it, and what was confirmed for it is not',
    ),
  },
];
