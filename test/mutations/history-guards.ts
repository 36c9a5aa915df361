import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const REST = `${MYSQL}/server/binlog-rest.ts`;
const LOSS = `${APPLICATION}/supervise/history-loss.ts`;

const restTest = (name: string): Guard['test'] => ({
  project: 'mysql',
  file: `${MYSQL}/server/binlog-rest.mysql.test.ts`,
  name,
});
const identityTest = (name: string): Guard['test'] => ({
  project: 'mysql',
  file: `${APPLICATION}/ingest/topic-identity.mysql.test.ts`,
  name,
});

const ANOTHER_PLACE =
  'case 96: a place in a log that the server has not, or past the end of a shorter one, proves nothing';
const LACKS = 'case 96: a server that lacks what the connector has sent, or what a server that was read has, is named';
const UNLOGGED =
  'case 96: transactions that were added to gtid_purged by hand, or whose logs were purged, are named; the last one that the connector has passed holds nothing up';
const GOES_ON =
  'case 61: a user server that goes on without transactions that the connector has sent was set back, whatever its uuid is now; a look alone is no proof';
const BEHIND =
  'case 61: a connector whose position was set back is noticed, by what it had sent and by what was ingested, and may heal';
const UNDER_WAY = 'a look that is under way when a new epoch';
const DECLARES_NOTHING = 'declares nothing lost of it, and remembers nothing';

/** What keeps the barrier from proving what is not so, and a source's history from being lost in silence. */
export const HISTORY_GUARDS: readonly Guard[] = [
  {
    guard: 'the round that is asked for before the late copies have begun',
    file: `${APPLICATION}/late-copies/beginning.ts`,
    replace: [
      ['  await requestRounds(parts.store, database);\n', ''],
      ["LATE_COPIES, '');\n", "LATE_COPIES, '');\n  await requestRounds(parts.store, database);\n"],
    ],
    test: mysqlTest(
      'epoch.mysql.test.ts',
      'case 77: late copies have not begun before the patrol has been asked for what was written until then',
    ),
  },
  {
    guard: 'the round that is asked for before an epoch has begun',
    file: `${APPLICATION}/operate/epoch.ts`,
    replace: [['...following.map(', '...[...following.slice(0, -2), ...following.slice(-2).reverse()].map(']],
    test: mysqlTest(
      'epoch.mysql.test.ts',
      'case 91: an epoch is not over before a round over all rows has been asked for',
    ),
  },
  {
    guard: 'that what came before a message had been sent as well',
    file: LOSS,
    replace: [['unitedGtids([behind, await this.#subtract(until, unknown)])', 'behind']],
    test: mysqlTest('position.mysql.test.ts', BEHIND),
  },
  {
    guard: "the look at the log's end",
    file: REST,
    replace: [['pos > Number(last.File_size)', 'pos < 0']],
    test: restTest(ANOTHER_PLACE),
  },
  {
    guard: "the look at the log's name",
    file: REST,
    replace: [['last?.Log_name !== file', '!last']],
    test: restTest(ANOTHER_PLACE),
  },
  {
    guard: 'the look whether the server has what the connector has sent',
    file: REST,
    replace: [["unknown !== ''", 'unknown === undefined']],
    test: restTest(LACKS),
  },
  {
    guard: 'the look whether the server has what is wanted of it',
    file: REST,
    replace: [["absent !== ''", 'absent === undefined']],
    test: restTest(LACKS),
  },
  {
    guard: 'the look for transactions of which there is no log',
    file: REST,
    replace: [["unlogged !== ''", 'unlogged === undefined']],
    test: restTest(UNLOGGED),
  },
  {
    guard: 'the bound of what the connector may have passed without counting it',
    file: REST,
    replace: [["before === '' || isOneGtid(before)", "before !== 'none'"]],
    test: restTest(
      'one statement that the connector has passed and does not count holds nothing up, in the next log neither; two are not proven',
    ),
  },
  {
    guard: "the barrier's look at the end of a log",
    file: `${APPLICATION}/proof/barrier.ts`,
    replace: [['  requireSameLogs(before, ends);\n', '']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/proof/barrier.test.ts`,
      name: 'a log that ends below the offset that was to be read next is another one, and nothing is proven',
    },
  },
  {
    guard: "the memory of the user server's history",
    file: LOSS,
    replace: [['!seen || (', 'seen || (']],
    test: mysqlTest(
      'history.mysql.test.ts',
      'case 42: a user server that was set back is noticed, stays so in the next process and after it has caught up, until a new epoch',
    ),
  },
  {
    guard: 'the look whether the user server has what was sent',
    file: LOSS,
    replace: [['[sent.gtids] : [])', '[] : [])']],
    test: mysqlTest('position.mysql.test.ts', GOES_ON),
  },
  {
    guard: 'the second look at a user server that lacks what was sent',
    file: LOSS,
    replace: [['return before && !isWaitedFor && ', 'return !before || ']],
    test: mysqlTest('position.mysql.test.ts', GOES_ON),
  },
  {
    guard: 'the memory of what was there before a suspicion',
    file: `${APPLICATION}/supervise/history-watch.ts`,
    replace: [['if (!found && !finder.suspicion)', 'if (!found)']],
    test: mysqlTest('position.mysql.test.ts', BEHIND),
  },
  {
    guard: 'the trace of a connector that began anew',
    file: LOSS,
    replace: [['(await this.#findBegunAnew(look)) ??', '']],
    test: mysqlTest(
      'position.mysql.test.ts',
      'case 61: a connector that began at the present is noticed although no look saw it without one',
    ),
  },
  {
    guard: 'what the server had, where it is not remembered what was sent',
    file: LOSS,
    replace: [['seen.sent ?? seen.executed', 'seen.sent ?? begun']],
    test: mysqlTest(
      'position.mysql.test.ts',
      'case 61: a connector that began at the present is noticed although no look saw it without one, since an epoch of which no position is remembered',
    ),
  },
  {
    guard: 'a schema history that is another one',
    file: 'sync-service/src/infrastructure/kafka/new-messages.ts',
    replace: [[' || (await this.#isAnother())', '']],
    test: {
      project: 'unit',
      file: 'sync-service/src/infrastructure/kafka/beginning-reader.test.ts',
      name: 'case 61: a topic that was deleted and created again, as long as before, is read anew',
    },
  },
  {
    guard: 'what was sent counts only with where that began',
    file: `${APPLICATION}/supervise/history-watch.ts`,
    replace: [["begun === 'unknown' ? undefined : stored?.gtids", 'stored?.gtids']],
    test: mysqlTest(
      'position.mysql.test.ts',
      'case 61: what a connector has sent is not remembered while nobody can say where it began',
    ),
  },
  {
    guard: "the look for a connector's position",
    file: LOSS,
    replace: [['if (!sent) return forPerson(`${reason}: it begins at the present`);', 'if (!sent) return undefined;']],
    test: mysqlTest(
      'position.mysql.test.ts',
      'case 61: a connector whose stored position is gone is noticed at once, and in the next process too',
    ),
  },
  {
    guard: 'the look whether a position was set back',
    file: LOSS,
    replace: [["if (behind === '') return undefined;", 'if (behind !== known) return undefined;']],
    test: mysqlTest('position.mysql.test.ts', BEHIND),
  },
  {
    guard: 'the look for purged binary logs',
    file: LOSS,
    replace: [["(await this.#findPurged(look, before.get('purged'))) ??\n", '']],
    test: mysqlTest(
      'position.mysql.test.ts',
      'case 96: transactions that were added to gtid_purged by hand are noticed while the connector goes on, and may heal',
    ),
  },
  {
    guard: 'the look for a row that lacks columns',
    file: LOSS,
    replace: [['!metIncompleteRow(status)', 'metIncompleteRow(status)']],
    test: mysqlTest(
      'history.mysql.test.ts',
      'case 29: a connector that stands at a row that lacks columns halts until a new epoch; one that failed for another reason does not',
    ),
  },
  {
    guard: 'that a look says nothing of another epoch',
    file: `${MYSQL}/state/server-state.ts`,
    replace: [['AND begun_at = ?', 'AND ? IS NOT NULL']],
    test: mysqlTest('position.mysql.test.ts', `${UNDER_WAY} has begun ${DECLARES_NOTHING}: another position`),
  },
  {
    guard: 'that a look declares nothing over an epoch that begins',
    file: `${MYSQL}/state/server-state.ts`,
    replace: [['AND history_lost IS NULL', 'AND 1']],
    test: mysqlTest(
      'position.mysql.test.ts',
      `${UNDER_WAY} begins ${DECLARES_NOTHING}: a connector without a position`,
    ),
  },
  {
    guard: 'the newest of what a move forward skips',
    file: `${APPLICATION}/operate/reset-offsets.ts`,
    replace: [['partition, to, newestMs(partition))', 'partition, to, 0)']],
    test: identityTest(
      'case 65: a log whose offset was moved forward, behind records that nobody has read, is no other one; another one is still found',
    ),
  },
  {
    guard: 'the direction of a move, by what has been read by then',
    file: `${APPLICATION}/operate/reset-offsets.ts`,
    replace: [['if (to < nextOffset)', 'if (nextOffset < 0n)']],
    test: identityTest('case 65: a reset does what it says to what has been read by then'),
  },
];
