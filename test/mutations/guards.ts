import { CAUGHT_UP_GUARDS } from './caught-up-guards.ts';
import { FAN_OUT_GUARDS } from './fan-out-guards.ts';
import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';
import { HISTORY_GUARDS } from './history-guards.ts';
import { NAMES_GUARDS } from './names-guards.ts';
import { OPERATE_GUARDS } from './operate-guards.ts';
import { PICTURE_GUARDS } from './picture-guards.ts';
import { READ_GUARDS } from './read-guards.ts';
import { ROUND_GUARDS } from './round-guards.ts';
import { SERVER_GUARDS } from './server-guards.ts';
import { SETTLING_GUARDS } from './settling-guards.ts';
import { TARGET_GUARDS } from './target-guards.ts';
import { TOPIC_GUARDS } from './topic-guards.ts';
import { TRUST_GUARDS } from './trust-guards.ts';
import { VALUE_GUARDS } from './value-guards.ts';
import { WRITE_THROUGH_GUARDS } from './write-through-guards.ts';

export const GUARDS: readonly Guard[] = [
  {
    guard: 'that a migration converts no value that need not fit',
    file: `${MYSQL}/state/mirror-ddl.ts`,
    replace: [["=> changes.get(name) === 'another'", '=> changes.get(name) === undefined']],
    test: mysqlTest(
      'migrate.mysql.test.ts',
      'case 36: a source column is made a number, and what a deleted row has held keeps nobody from migrating',
    ),
  },
  {
    guard: 'the position guard',
    file: 'sync-service/src/domain/decide.ts',
    replace: [["if (order !== 'newer') return", 'if (order === undefined) return']],
    test: mysqlTest(
      'ingest.mysql.test.ts',
      'case 2: a rewind marks keys again, writes no older value, and repairs a copy edited by hand',
    ),
  },
  {
    guard: 'the partition check',
    file: 'sync-service/src/domain/decide.ts',
    replace: [["if (order === 'other-partition') return { kind: 'other-partition' };", '']],
    test: mysqlTest('ingest.mysql.test.ts', 'case 11: a key that comes by another partition stores nothing and halts'),
  },
  {
    guard: 'the share lock on the mirror',
    file: `${MYSQL}/copies/copy-store.ts`,
    replace: [
      [' ORDER BY k FOR SHARE`', ' ORDER BY k`'],
      [
        "return (await tx.write('writing copies', sql, [...keys.parameters, ...within.parameters])).changed;",
        `const drop = tx.rows('x', 'DROP TEMPORARY TABLE IF EXISTS snapshot_of_mirror');
         const snap = tx.rows('x', \`CREATE TEMPORARY TABLE snapshot_of_mirror SELECT * FROM \${this.#mirror} WHERE k IN (?)\`, [sorted]);
         const other = sql.replace(this.#mirror, 'snapshot_of_mirror');
         const [, , written] = await Promise.all([drop, snap, tx.write('x', other, [...keys.parameters, ...within.parameters])]);
         return written.changed;`,
      ],
    ],
    test: mysqlTest('fan-out.mysql.test.ts', 'while copies are being written, no newer value of their key is stored'),
  },
  {
    guard: "the claim's token, at completion",
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [
      [
        'k IN (?) AND token = ? AND generation = pass_generation`',
        'k IN (?) AND ? IS NOT NULL AND generation = pass_generation`',
      ],
    ],
    test: mysqlTest(
      'completion.mysql.test.ts',
      'case 15: completion needs the token: a worker that stalled over the re-creation of its pending row does not delete the new one',
    ),
  },
  {
    guard: 'the generation of the pass, at completion',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [[' AND token = ? AND generation = pass_generation`', ' AND token = ?`']],
    test: mysqlTest(
      'completion.mysql.test.ts',
      'completion needs the generation of the pass: one that is resumed at its cursor and was overtaken by a mark begins anew when it ends',
    ),
  },
  {
    guard: 'the token under which the cursor is written',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [
      [
        'SET cur = ?, token = NULL, due = NOW(6) WHERE source = ? AND k = ? AND token = ?`',
        'SET cur = ?, token = NULL, due = NOW(6) WHERE source = ? AND k = ? AND ? IS NOT NULL`',
      ],
    ],
    test: mysqlTest(
      'completion.mysql.test.ts',
      'case 15: the cursor needs the token: a claim that was lost can neither store a cursor nor release the key',
    ),
  },
  {
    guard: 'the fence of the consumed offset',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [
      ['if (consumed?.nextOffset !== batch.expectedOffset || consumed.epoch !== batch.epoch)', 'if (!consumed)'],
    ],
    test: mysqlTest(
      'ingest.mysql.test.ts',
      'case 1: a batch that is delivered again finds the offset moved and stores nothing',
    ),
  },
  {
    guard: 'moving the offset in the transaction that stores',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [
      [
        '  const keys = [...newest.keys()];\n',
        `  const keys = [...newest.keys()];
  const before = await store.consumed.read(store.database, batch.topic, batch.partition);
  if (before?.nextOffset !== batch.expectedOffset) return { kind: 'moved', consumed: before };
  await store.consumed.advance(store.database, { ...batch, newestGtid: null });
`,
      ],
      ['if (consumed?.nextOffset !== batch.expectedOffset || consumed.epoch !== batch.epoch)', 'if (!consumed)'],
    ],
    test: mysqlTest(
      'target-faults.mysql.test.ts',
      'case 45: a connection that breaks at COMMIT, before the server has heard it, leaves a redo that is safe',
    ),
  },
  {
    guard: 'that two migrations wait for each other',
    file: `${MYSQL}/state/migrate.ts`,
    replace: [['SELECT GET_LOCK(?, ?) AS isOurs', 'SELECT ? <> ? AS isOurs']],
    test: mysqlTest(
      'migrate.mysql.test.ts',
      'case 78: two migrations at once, of which each would do the same, both succeed',
    ),
  },
  {
    guard: 'the comparison by bytes',
    file: `${MYSQL}/copies/value-fit.ts`,
    replace: [["? '' : ` ${EXACT}`", "? '' : ' COLLATE utf8mb4_0900_ai_ci'"]],
    test: mysqlTest('fan-out.mysql.test.ts', 'case 31: a change of letter case alone is written'),
  },
  {
    guard: 'the exact comparison of string keys',
    file: `${MYSQL}/copies/copy-join.ts`,
    replace: [['USING utf8mb4) ${EXACT}`', 'USING utf8mb4) COLLATE utf8mb4_0900_ai_ci`']],
    test: mysqlTest(
      'fan-out.mysql.test.ts',
      'case 28: string keys that differ in case or trailing space hit exactly their own row',
    ),
  },
  {
    guard: 'the exact comparison of string keys whose copies are found by their primary key',
    file: `${MYSQL}/copies/copy-join.ts`,
    replace: [[' AND ${foreignKey} = p.k ${EXACT}`', '`']],
    test: mysqlTest(
      'copy-indexes.mysql.test.ts',
      'copies that an application has inserted or changed, and not committed yet, are waited for: VARCHAR(20) COLLATE utf8mb4_bin, owner VARCHAR(20), n INT AUTO_INCREMENT, PRIMARY KEY (owner, n), KEY (n)',
    ),
  },
  {
    guard: 'what is pending is no drift',
    file: `${MYSQL}/copies/copy-sweep.ts`,
    replace: [['q.k IS NULL AS drift', '1 AS drift']],
    test: mysqlTest(
      'patrol.mysql.test.ts',
      'a key that is pending is no drift, but is marked, so that a pass beyond the copy begins anew',
    ),
  },
  {
    guard: 'the deferral of late copies',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [['batch.messages.length > 0 ? await awaitSources(parts, topic, alive) : []', '[]']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'case 84: a late copy waits until what the source has committed is ingested, so that it is not set back, however old its message is',
    ),
  },
  {
    guard: 'the fence of the offset of late copies',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [["if (consumed?.nextOffset !== expectedOffset) return consumed?.nextOffset ?? 'nothing';", '']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'a message that is delivered again, or whose offset was set back meanwhile, finds the offset moved',
    ),
  },
  {
    guard: 'the round after late copies may have been missed',
    file: `${APPLICATION}/late-copies/handler.ts`,
    replace: [['await requestRounds(store, tx);', '']],
    test: mysqlTest(
      'late-copies.mysql.test.ts',
      'a topic that was truncated is read from its start, and a round follows',
    ),
  },
  {
    guard: 'leaving mapped columns out of what is tailed',
    file: 'connectors/src/late-copies/render.ts',
    replace: [['.filter((column) => !mapped.has(column))', '.filter((column) => mapped !== undefined && column)']],
    test: {
      project: 'unit',
      file: 'connectors/src/late-copies/render.test.ts',
      name: 'a mapped column is never captured, not even where another copy of the table is decided by it',
    },
  },
  {
    guard: 'the short lock wait',
    file: `${MYSQL}/store.ts`,
    replace: [['    lockWaitSeconds: fanOut.lockWaitSeconds,\n', '']],
    test: mysqlTest(
      'fan-out.mysql.test.ts',
      'case 44: a copy that somebody else has locked delays its own key only, for however long',
    ),
  },
  {
    guard: 'the order in which keys are marked',
    file: `${MYSQL}/state/pending-store.ts`,
    replace: [['return keys.map(String).sort(compareKeys);', 'return keys.map(String);']],
    test: mysqlTest('ingest.mysql.test.ts', 'two that mark the same keys in opposite order never deadlock'),
  },
  {
    guard: 'unknown is not NULL',
    file: `${MYSQL}/copies/copy-equality.ts`,
    replace: [['`(p.fs_deleted OR ${isUnknown})`', '`p.fs_deleted`']],
    test: mysqlTest('fan-out.mysql.test.ts', 'a column whose value is unknown is left as it is'),
  },
  {
    guard: 'forgetting a column that left the mapping',
    file: `${MYSQL}/state/mirror-store.ts`,
    replace: [['[...replaced, ...forgotten]', 'replaced']],
    test: mysqlTest(
      'fan-out.mysql.test.ts',
      'a column that left the mapping and comes back is unknown where its row has changed since',
    ),
  },
  {
    guard: 'the end of silent sessions',
    file: `${MYSQL}/store.ts`,
    replace: [['    silenceSeconds,\n', '']],
    test: mysqlTest(
      'target-faults.mysql.test.ts',
      'case 15: what an instance that froze inside a transaction has locked is free again after its lease',
    ),
  },
  ...CAUGHT_UP_GUARDS,
  ...FAN_OUT_GUARDS,
  ...HISTORY_GUARDS,
  ...READ_GUARDS,
  ...SETTLING_GUARDS,
  ...ROUND_GUARDS,
  ...WRITE_THROUGH_GUARDS,
  ...TOPIC_GUARDS,
  ...TRUST_GUARDS,
  ...VALUE_GUARDS,
  ...TARGET_GUARDS,
  ...PICTURE_GUARDS,
  ...NAMES_GUARDS,
  ...SERVER_GUARDS,
  ...OPERATE_GUARDS,
];
