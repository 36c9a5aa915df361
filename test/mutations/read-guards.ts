import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const DOMAIN = 'sync-service/src/domain/read.ts';
const READ = `${APPLICATION}/read`;
const inReads = (name: string) => mysqlTest('reads.mysql.test.ts', name);
const inOrder = (name: string) => mysqlTest('reads-order.mysql.test.ts', name);
const inBarrier = (name: string) => mysqlTest('reads-barrier.mysql.test.ts', name);
const inSequence = (name: string): Guard['test'] => ({
  project: 'mysql',
  file: 'test/property/reads.mysql.test.ts',
  name: `${name}, and no row goes back`,
});
const inRound = (name: string) => mysqlTest('reads-round.mysql.test.ts', name);

/** What gives a row that was read its place among the changes. */
export const READ_GUARDS: readonly Guard[] = [
  {
    guard: 'compare and set',
    file: DOMAIN,
    replace: [['if (known && !isBelow(known, observed))', 'if (known?.values.includes(undefined))']],
    test: inOrder('a row of which a message came since it was observed is not written'),
  },
  {
    guard: 'compare and set, for rows that are gone',
    file: DOMAIN,
    replace: [['if (known && !isBelow(known, observed))', 'if (known?.values.includes(undefined))']],
    test: mysqlTest(
      'gone.mysql.test.ts',
      'a key of which a change comes while the source is asked is not taken as deleted',
    ),
  },
  {
    guard: 'the water that a rewind does not lower',
    file: `${READ}/look.ts`,
    replace: [['{ highWater }]) => [partition, highWater]', '{ nextOffset }]) => [partition, nextOffset]']],
    test: inOrder('a row that a rewind has reached once more is not written over what was heard before'),
  },
  {
    guard: 'the number of reads',
    file: DOMAIN,
    replace: [['return isHeardBefore && row.readNumber <= readNumber;', 'return isHeardBefore && readNumber >= 0n;']],
    test: inOrder(
      'of two that read the same row, with a lost message between, the one that read earlier writes nothing',
    ),
  },
  {
    guard: 'the number of a read that inserts',
    file: DOMAIN,
    replace: [['isDeleted: false, readNumber, knownUntil', 'isDeleted: false, readNumber: 0n, knownUntil']],
    test: inOrder('of two that read a row which the mirror lacks, one inserts it and the other writes nothing'),
  },
  {
    guard: 'that reads are written one after another',
    file: `${MYSQL}/state/reads-store.ts`,
    replace: [["this.#select(tx, 'FOR UPDATE')", "this.#select(tx, '')"]],
    test: inOrder('another read of a row that the mirror lacks waits for whoever is writing it'),
  },
  {
    guard: 'that nothing is ingested while reads are written',
    file: `${READ}/write-reads.ts`,
    replace: [["store.consumed.readAll(t, topic, 'FOR SHARE')", 'store.consumed.readAll(t, topic)']],
    test: inOrder('a message of a row that the mirror lacks waits for whoever is writing it'),
  },
  {
    guard: "the look's token",
    file: `${READ}/write-reads.ts`,
    replace: [['looks.has(token) && isAt', '(looks.has(token) || true) && isAt']],
    test: inOrder('after the friend database was set back to before the observation nothing is written'),
  },
  {
    guard: 'that the store stands where the barrier saw it',
    file: `${READ}/write-reads.ts`,
    replace: [['now.nextOffset >= end', 'now.nextOffset >= 0n']],
    test: inOrder('a store that was set back behind the barrier meanwhile is not written to'),
  },
  {
    guard: 'the epoch of what was observed',
    file: `${READ}/write-reads.ts`,
    replace: [['now.epoch === epoch', 'epoch > 0']],
    test: inOrder('a store that stands in a new epoch meanwhile is not written to'),
  },
  {
    guard: 'the barrier before a read is written',
    file: `${READ}/settler.ts`,
    replace: [
      [
        'const ends = await awaitSent(',
        'if (before) return this.#parts.admin.endOffsets(topic);\n    const ends = await awaitSent(',
      ],
    ],
    test: inBarrier('a row is written only once everything is ingested that the source had committed when it was read'),
  },
  {
    guard: 'waiting for what was sent to be ingested',
    file: `${READ}/settler.ts`,
    replace: [
      ['await awaitConsumed(stream, new Map([[topic, ends]]), this.#parts, this.#wait(), this.#consumed);', ''],
    ],
    test: inBarrier('what was sent and is not ingested yet is waited for'),
  },
  {
    guard: 'that partitions are waited for one by one',
    file: `${READ}/settler.ts`,
    replace: [
      ['position?.epoch === suspect.observation.epoch ? position.partition : undefined', 'position && undefined'],
    ],
    test: inBarrier('a partition that stands still does not hold up the keys of another'),
  },
  {
    guard: 'the look at what the server has executed',
    file: `${READ}/look.ts`,
    replace: [["if (page.missing === '') return page;", 'if (page.hasGtids) return page;']],
    test: inBarrier('a server that lags behind what the connector has sent is asked again until it has it'),
  },
  {
    guard: 'that what was sent must be executed',
    file: `${READ}/look.ts`,
    replace: [['unitedGtids([sent.gtids, ...newest])', 'unitedGtids(newest)']],
    test: inBarrier('a server that lags behind what the connector has sent is asked again until it has it'),
  },
  {
    guard: 'that what was ingested must be executed',
    file: `${READ}/look.ts`,
    replace: [['unitedGtids([sent.gtids, ...newest])', 'sent.gtids']],
    test: inBarrier('a server that lags behind what was ingested is asked again until it has it'),
  },
  {
    guard: 'that a rewind takes no transaction back',
    file: `${MYSQL}/state/consumed-store.ts`,
    replace: [
      ['newest_gtid = IF(? > high_water, COALESCE(?, newest_gtid), newest_gtid)', 'newest_gtid = IF(? < 0, NULL, ?)'],
    ],
    test: inBarrier('a rewind does not take back what a server must have executed'),
  },
  {
    guard: 'that what was heard of since is not found equal',
    file: `${READ}/look.ts`,
    replace: [['else if (isBelow(suspect.known, observation)) looked', 'else looked']],
    test: inOrder('a row that is equal, but of which a message came since the observation, is not found equal'),
  },
  {
    guard: 'the new token of each due mark',
    file: `${MYSQL}/state/due-store.ts`,
    replace: [['token = n.token, takes_gone', 'takes_gone']],
    test: inReads('a key that is marked as due while its row is read stays due, though it is found equal'),
  },
  {
    guard: 'that a due mark is cleared under the lock of its row',
    file: `${READ}/due-reads.ts`,
    replace: [['agrees(row, mirrored) && isBelow(mirrored, observation)', 'isBelow(mirrored, observation)']],
    test: inReads('a key whose mirror row is another when its due mark is cleared stays due'),
  },
  {
    guard: 'that a row which moved stays due',
    file: `${READ}/write-reads.ts`,
    replace: [
      [
        "settled.filter(({ outcome }) => outcome === 'row' || outcome === 'equal')",
        "settled.filter(({ outcome }) => outcome !== 'moved')",
      ],
    ],
    test: inOrder('unknown columns of a row that keeps changing are filled, and the key stays due'),
  },
  {
    guard: 'that a column which was said since is not filled',
    file: DOMAIN,
    replace: [['known.knownUntil < (observed', 'known.knownUntil < 2n ** 62n + (observed']],
    test: inOrder('a column that a message has said since the observation is not filled'),
  },
  {
    guard: 'passing over locked mirror rows',
    file: `${MYSQL}/state/mirror-store.ts`,
    replace: [[' FOR UPDATE SKIP LOCKED`', ' FOR UPDATE`']],
    test: inReads('a mirror row that somebody has locked is passed over, and looked at again; the others are written'),
  },
  {
    guard: 'that a locked mirror row is not taken for a missing one',
    file: `${READ}/write-reads.ts`,
    replace: [['existing.filter((key) => !rows.has(key))', 'existing.slice(existing.length)']],
    test: inReads('a mirror row that somebody has locked is passed over, and looked at again; the others are written'),
  },
  {
    guard: 'the looks after a correction',
    file: `${READ}/write-reads.ts`,
    replace: [['one.corrected.length > 0 ||', 'one.corrected.length < 0 ||']],
    test: inReads('a key that was corrected is looked at again after 10 s, 1 min and 10 min, and then no more'),
  },
  {
    guard: 'consistent reads',
    file: `${MYSQL}/server/source-rows.ts`,
    replace: [['${this.#from} ${which}`, parameters)', '${this.#from} ${which} FOR SHARE`, parameters)']],
    test: inRound('a round locks nothing at the source and holds no transaction open, while rows are updated'),
  },
  {
    guard: 'the look at keys that are others in utf8mb4 and back',
    file: `${MYSQL}/server/source-rows.ts`,
    replace: [['Number(row.isOther) === 1', 'Number(row.isOther) > 1']],
    test: mysqlTest(
      'source-keys.mysql.test.ts',
      'keys of cp932 are told by their column where pages would skip rows, or never end: one that comes back as another',
    ),
  },
  {
    guard: 'the number that somebody has confirmed',
    file: `${READ}/gone-guard.ts`,
    replace: [['this.#confirmed + Math', '(this.#confirmed && MOST_KEYS) + Math']],
    test: mysqlTest(
      'gone.mysql.test.ts',
      'case 26: what somebody has said of so many keys does not hold for clearly more, which are told of again',
    ),
  },
  {
    guard: 'that only a decision takes a row as deleted',
    file: `${READ}/write-reads.ts`,
    replace: [['!suspect.read.values && !takesGone(key)', '!suspect.read.values && !takesGone']],
    test: mysqlTest(
      'gone.mysql.test.ts',
      'a row that is gone is not taken as deleted by whoever reads its key: a round is to say how many are gone',
    ),
  },
  {
    guard: 'filling what a row that changes again and again lacks',
    file: DOMAIN,
    replace: [['return fill(read, known, observed, readNumber);', "return { kind: 'moved' };"]],
    test: inReads('the unknown column of a row that changes again and again is filled meanwhile'),
  },
  {
    guard: 'the floor of an epoch, below which no rewind goes',
    file: `${MYSQL}/state/consumed-store.ts`,
    replace: [['next_offset = GREATEST(?, \\`floor\\`)', 'next_offset = ?']],
    test: inSequence('a new epoch begins, and the topic is rewound to its start'),
  },
  {
    guard: 'the token of the mark that a look ends',
    file: `${MYSQL}/state/due-store.ts`,
    replace: [
      [
        '`DELETE FROM ${this.#table} WHERE source = ? AND (k, token) IN (?)`, which',
        '`DELETE FROM ${this.#table} WHERE source = ? AND k IN (?)`, [this.#source, some.map(({ key }) => String(key))]',
      ],
    ],
    test: inSequence('a key is asked for while a reader has its row'),
  },
  {
    guard: 'that a message which cannot be decoded moves its row',
    file: `${APPLICATION}/ingest/decode-batch.ts`,
    replace: [['      position,\n      gtid: null', '      position: { ...position, offset: -1n },\n      gtid: null']],
    test: inSequence('a message that could not be decoded can be decoded after a rewind'),
  },
  {
    guard: 'the number of keys that a repair counts as deleted without asking',
    file: `${APPLICATION}/proof/repair.ts`,
    replace: [['count > Math.max(FEW_KEYS, confirmed)', 'false']],
    test: {
      project: 'unit',
      file: 'sync-service/src/application/proof/repair.test.ts',
      name: 'case 26: a repair counts no more keys as deleted than may be gone without asking; the rest of it is done',
    },
  },
];
