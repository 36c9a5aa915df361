import { changeTopic } from '@friend-sync/connectors';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { createUsers, update } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';
import { keepVersions, stepsBack } from '../support/versions.ts';

const USERS = 50;
const { rewoundMessages: MESSAGES } = SCALE;

test(
  'case 2: a group that standard tools set back leaves the mirror as it is, takes no copy back, and repairs',
  async () => {
    await using pipeline = await openPipeline({ ...TABLES, settings: { patrol: { intervalSeconds: 3_600 } } });
    const { operations, configuration, stack, friend, friendDb } = pipeline;
    const { settings, mapping } = configuration;
    const [topic = ''] = mapping.sources.map((source) => changeTopic(settings, source));
    const { groupId } = settings.kafka;
    await createUsers(pipeline, USERS);
    let daemon = await pipeline.startDaemon();
    for (let n = 0; n < MESSAGES; n++) await update(pipeline, n, USERS);
    await pipeline.settled();
    // What is repaired from here on, the patrol has not repaired.
    await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, { timeout: 60_000 }).toBeDefined();
    await keepVersions(pipeline);
    const mirror = () =>
      friend.rows('mirror', `SELECT * FROM ${settings.target.stateDatabase}.mirror_account ORDER BY k`);
    const before = await mirror();

    const kafka = new kafkajs.Kafka({ brokers: [stack.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    const setBack = (offset: (end: number) => number) =>
      admin.setOffsets({
        groupId,
        topic,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: String(offset(Number(high))) })),
      });
    for (const offset of [(end: number) => Math.max(0, end - Math.ceil(MESSAGES / ends.length)), () => 0]) {
      expect(await daemon.kill('SIGTERM')).toBe(0);
      await friend.write('editing', `UPDATE ${friendDb}.friend SET nick = 'by hand' WHERE friend_id = 1`);
      await setBack(offset);
      daemon = await pipeline.startDaemon();
      expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
      expect(await mirror()).toEqual(before);
      expect(await daemon.metric('friend_sync_copies_written_total')).toBe(2);
    }
    await admin.disconnect();
    expect(await stepsBack(pipeline)).toBe('0');
  },
  LONG_TIMEOUT_MS,
);
