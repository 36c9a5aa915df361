import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

/** What keeps the offsets of one topic from being taken for those of another, and a topic of junk from being passed. */
export const TOPIC_GUARDS: readonly Guard[] = [
  {
    guard: 'epochs that are newer than those of all topics',
    file: `${MYSQL}/state/consumed-store.ts`,
    replace: [['COALESCE(MAX(epoch), 0) + 1 AS epoch', '1 AS epoch']],
    test: mysqlTest(
      'ingest.mysql.test.ts',
      'case 59: a source that gets another table applies its changes, whose topic is adopted',
    ),
  },
  {
    guard: 'the probe for another log',
    file: `${APPLICATION}/ingest/topic-identity.ts`,
    replace: [['if (newer < nextOffset) {', 'if (newer < 0n) {']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/ingest/topic-identity.mysql.test.ts`,
      name: 'case 11: a topic that was re-created and has grown longer halts',
    },
  },
  {
    guard: 'that an epoch knows the newest record below its beginning',
    file: `${APPLICATION}/operate/offsets.ts`,
    replace: [['maxTimestampMs: newestMs(partition)', 'maxTimestampMs: 0']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/ingest/topic-identity.mysql.test.ts`,
      name: 'case 11: in a new epoch, records of before that a faster clock has dated are no other log; another one is still found',
    },
  },
  {
    guard: 'the look at the log start',
    file: `${APPLICATION}/ingest/topic-identity.ts`,
    replace: [['if (nextOffset < log.low)', 'if (nextOffset < 0n)']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/ingest/topic-identity.mysql.test.ts`,
      name: 'case 17: an offset below the log start halts',
    },
  },
  {
    guard: 'the look at the partition count',
    file: `${APPLICATION}/ingest/topic-identity.ts`,
    replace: [['if (known.partitions !== offsets.length) {', 'if (known.partitions < 0) {']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/ingest/topic-identity.mysql.test.ts`,
      name: 'case 11: a topic with more partitions halts',
    },
  },
  {
    guard: 'the look at the partition count while a topic is read',
    file: `${APPLICATION}/supervise/topic-watch.ts`,
    replace: [['[...topics.map(hasOtherPartitions), ', '[']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/supervise/topic-watch.mysql.test.ts`,
      name: 'case 11: a topic that was given more partitions has the consumer join again, once',
    },
  },
  {
    guard: 'the look at a log while it is read',
    file: `${APPLICATION}/supervise/topic-watch.ts`,
    replace: [['.map(isAnotherLog)', '.map(async () => false)']],
    test: {
      project: 'mysql',
      file: `${APPLICATION}/supervise/topic-watch.mysql.test.ts`,
      name: 'case 11: a log that was re-created and has outgrown the offset has the consumer join again, once',
    },
  },
  {
    guard: 'the share of dead letters over several batches',
    file: `${APPLICATION}/ingest/undecodable.ts`,
    replace: [['before.decodable : []', 'before.decodable.filter(() => own.every((is) => !is)) : []']],
    test: {
      project: 'unit',
      file: `${APPLICATION}/ingest/decode-batch.test.ts`,
      name: 'case 79: a topic halts before it is all dead letters, however its junk is mixed: one good message in each batch',
    },
  },
];
