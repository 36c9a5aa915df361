import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const outdated = (how: string) =>
  `case 64: a daemon from before a column was added stores no change ${how}, and says that it must be restarted`;
const inWriteThrough = (name: string) => mysqlTest('write-through.mysql.test.ts', name);

/** Writing a change through has guards of its own, in SQL. */
export const WRITE_THROUGH_GUARDS: readonly Guard[] = [
  {
    guard: 'the way back from write-through',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [["if (kind === 'store_unavailable' || kind === 'aborted') throw error;", 'throw error;']],
    test: inWriteThrough('a copy that somebody has locked is not waited for: its key is marked'),
  },
  {
    guard: 'NOWAIT in write-through',
    file: `${MYSQL}/copies/copy-store.ts`,
    replace: [['LIMIT ? FOR UPDATE OF f NOWAIT)', 'LIMIT ? FOR UPDATE OF f)']],
    test: inWriteThrough('a copy that somebody has locked is not waited for: its key is marked'),
  },
  {
    guard: 'the fence of write-through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [[' AND c.next_offset = ?', ' AND c.next_offset >= 0 * ?']],
    test: inWriteThrough('a batch whose partition another owner has moved on is not written through'),
  },
  {
    guard: 'the epoch in write-through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [[' AND c.epoch = ?', ' AND c.epoch >= 0 * ?']],
    test: inWriteThrough('a batch of an epoch that is over is not written through'),
  },
  {
    guard: 'the columns of the mirror in write-through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [[' AND ${IS_CURRENT}`', '`']],
    test: mysqlTest('migrate.mysql.test.ts', outdated('through to the copies')),
  },
  {
    guard: 'the columns of the mirror in ingest',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [['      source.reads.requireCurrent(t),\n', '']],
    test: mysqlTest('migrate.mysql.test.ts', outdated('in a batch')),
  },
  {
    guard: 'the columns of the mirror where reads are written',
    file: `${APPLICATION}/read/write-reads.ts`,
    replace: [['      source.reads.requireCurrent(t),\n', '']],
    test: mysqlTest('migrate.mysql.test.ts', 'case 64: nor does it store what it reads, nor what it had read before'),
  },
  {
    guard: 'the columns of the mirror where a source is observed',
    file: `${APPLICATION}/read/look.ts`,
    replace: [['        source.reads.requireCurrent(t),\n', '']],
    test: mysqlTest('migrate.mysql.test.ts', 'case 64: nor does it store what it reads, nor what it had read before'),
  },
  {
    guard: 'that nothing is written through after a rewind',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [[' AND c.high_water = c.next_offset', '']],
    test: inWriteThrough('after a rewind an older value is not written through'),
  },
  {
    guard: 'the partition check of write-through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [[' AND m.fs_partition = ?', ' AND m.fs_partition >= 0 * ?']],
    test: inWriteThrough('a key that comes by another partition is not written through, and halts'),
  },
  {
    guard: 'that copies are written through only with what was stored',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [['`${STORED} > 0`', "'TRUE'"]],
    test: inWriteThrough('a key that comes by another partition is not written through, and halts'),
  },
  {
    guard: 'the most copies of write-through',
    file: `${MYSQL}/copies/write-through.ts`,
    replace: [['`${COPIES} <= ${MOST_COPIES}`', '`${COPIES} >= 0 * ${MOST_COPIES}`']],
    test: inWriteThrough('a key with many copies is left to the fan-out'),
  },
];
