import { changeTopic } from '@friend-sync/connectors';
import { prepareMysql } from '@friend-sync/local-stack';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { readBinlog } from '../../chaos/src/binlog.ts';
import { runCommand } from '../support/command.ts';
import { createUsers, repeatUntilStopped, update } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
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

const RESET_USERS = 200;

test(
  'case 2: offsets reset --to-earliest, while changes stream, takes no copy through an old value, by the friend server’s binary log',
  async () => {
    // In batches so small that each is written before the next has come.
    const settings = { patrol: { intervalSeconds: 3_600 }, ingest: { batchMessages: 100 } };
    await using pipeline = await openPipeline({ ...TABLES, settings });
    const { user, userDb, friend, friendDb } = pipeline;
    await friend.write('a new binary log', 'FLUSH BINARY LOGS');
    const log = (await friend.rows('binary logs', 'SHOW BINARY LOGS')).at(-1)?.Log_name;
    await createUsers(pipeline, RESET_USERS);
    await pipeline.startDaemon();
    const rounds = SCALE.resetMessages / RESET_USERS;
    for (let n = 1; n <= rounds; n++)
      await user.write('updates', `UPDATE ${userDb}.account SET avatar = CONCAT(?, '.png')`, [n]);
    await pipeline.settled();
    await friend.write('editing', `UPDATE ${friendDb}.friend SET avatar = 'by hand' WHERE friend_id <= 10`);

    await using load = repeatUntilStopped((n) => update(pipeline, rounds + 1 + n, RESET_USERS));
    const reset = ['offsets', 'reset', '--to-earliest'];
    const { data } = await runCommand(pipeline, ...reset);
    const { moves, plan } = data as { moves: { from: string; to: string }[]; plan: string[] };
    const span = moves.reduce((sum, { from, to }) => sum + Number(from) - Number(to), 0);
    expect(span).toBeGreaterThanOrEqual(SCALE.resetMessages);
    expect(plan.join()).toContain(`at most ${span} messages are read again. No copy can step back`);
    expect(await runCommand(pipeline, ...reset, '--execute')).toMatchObject({ code: 0, data: { executed: true } });
    await load.stop();
    expect(await pipeline.settled()).toMatchObject({ copies: RESET_USERS * 3, mismatches: 0 });
    const { versions, backwards } = await avatarsOf(pipeline, String(log));
    expect(versions).toBeGreaterThan(RESET_USERS);
    expect(backwards).toBe(0);
  },
  LONG_TIMEOUT_MS,
);

/** How many versions of avatars the copies have had since that binary log, and how many of them were older than one before. */
async function avatarsOf({ stack, friendDb }: Pipeline, log: string) {
  const newest = new Map<string, number>();
  const [ID, AVATAR] = [1, 4];
  const found = { versions: 0, backwards: 0 };
  for await (const { table, after } of readBinlog(await prepareMysql(() => {}), stack.friendMysql, log)) {
    const [, version] = after?.get(AVATAR)?.match(/^'(\d+)\.png'$/) ?? [];
    if (table !== `${friendDb}.friend` || version === undefined) continue;
    const id = String(after?.get(ID));
    found.versions++;
    if (Number(version) < (newest.get(id) ?? 0)) found.backwards++;
    newest.set(id, Math.max(Number(version), newest.get(id) ?? 0));
  }
  return found;
}
