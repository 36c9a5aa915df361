import { heartbeatTopic, renderGrants } from '@friend-sync/connectors';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { ownStack } from '../support/own-stack.ts';
import { openPipeline } from '../support/pipeline.ts';

const SECRET = 'unmapped-secret-7f3a';
const VALUE = 'mapped-value-91c2';

/** Everything that a topic holds, as one string of bytes. */
async function contentOf(topics: readonly string[]): Promise<Map<string, string>> {
  const kafka = new kafkajs.Kafka({ brokers: [ownStack().kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const content = new Map<string, string>(topics.map((topic) => [topic, '']));
  const ends = new Map<string, bigint>();
  for (const topic of topics) {
    for (const { partition, high } of await admin.fetchTopicOffsets(topic))
      if (BigInt(high) > 0n) ends.set(`${topic}/${partition}`, BigInt(high));
  }
  const consumer = kafka.consumer({ groupId: `privacy-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await new Promise<void>((resolve) => {
    if (ends.size === 0) resolve();
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const place = `${payload.topic}/${payload.partition}`;
      if (BigInt(payload.lastOffset) + 1n >= (ends.get(place) ?? 0n)) ends.delete(place);
      if (ends.size === 0) resolve();
    });
    void consumer.run({
      eachBatch: async ({ batch }) => {
        for (const { key, value } of batch.messages)
          content.set(batch.topic, `${content.get(batch.topic)}${key}${value}`);
      },
    });
  });
  await consumer.disconnect();
  await admin.disconnect();
  return content;
}

test('P1, P9: no unmapped column leaves either database, no copied value the friend database, no value is logged, and the printed grants suffice', async () => {
  await using pipeline = await openPipeline({
    userTables: [
      'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), avatar VARCHAR(255), password VARCHAR(64), phone VARCHAR(64))',
    ],
    friendTables: [
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(5), remark VARCHAR(64), quit INT, KEY (friend_id))',
    ],
    sources: `
  - name: account
    table: USER.account
    key: id
    copies: [{ table: friend, key: friend_id, set: { nick: nick }, watch: [quit] }]`,
  });
  const { user, friend, userDb, friendDb, configuration, operations } = pipeline;
  const daemon = await pipeline.startDaemon();
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2)`);
  await user.write('users', `INSERT INTO ${userDb}.account VALUES (1,'Ann','a.png',?,?)`, [SECRET, SECRET]);
  await user.write('unmapped change', `UPDATE ${userDb}.account SET password = ?, avatar = ?`, [`${SECRET}2`, SECRET]);
  await user.write('too long', `INSERT INTO ${userDb}.account VALUES (2,?,'x',?,?)`, [VALUE, SECRET, SECRET]);
  const [source] = configuration.mapping.sources;
  if (source) await operations.backfill([source], 60_000);
  await friend.write('late copies', `INSERT INTO ${friendDb}.friend (friend_id, nick, remark) VALUES (1,'Late',?)`, [
    SECRET,
  ]);
  await friend.write('late copies', `UPDATE ${friendDb}.friend SET quit = 77, nick = 'Later', remark = ? WHERE n = 1`, [
    SECRET,
  ]);
  const { parked } = await operations.passBarrier(60_000);
  expect(parked).toMatchObject([{ source: 'account', key: 2n, reason: expect.stringContaining('ER_DATA_TOO_LONG') }]);

  const prefix = configuration.settings.kafka.topicPrefix;
  const late = configuration.settings.lateCopies.topicPrefix;
  const lateTopic = `${late}.${friendDb}.friend`;
  const heartbeats = [heartbeatTopic(prefix, 'account'), heartbeatTopic(late)];
  const content = await contentOf([...operations.topics, ...heartbeats, lateTopic]);
  expect(content.get(lateTopic)).toContain('"quit":77');
  for (const value of ['Late', 'Later', 'Ann']) expect(content.get(lateTopic)).not.toContain(value);
  expect(content.get(operations.topics[0] ?? '')).toContain('Ann');
  for (const [topic, text] of content) expect(text.includes(SECRET), topic).toBe(false);
  expect(daemon.output()).toContain('ER_DATA_TOO_LONG');
  for (const value of [SECRET, VALUE, 'Ann', 'Late']) expect(daemon.output()).not.toContain(value);

  const granted = renderGrants(configuration)
    .filter(({ server }) => server === 'source')
    .map(({ sql }) => sql)
    .join('\n');
  expect(granted).not.toMatch(/RELOAD|LOCK TABLES|ALL|INSERT|UPDATE|DELETE|password|phone|avatar/);
  const shown = await user.rows('grants', `SHOW GRANTS FOR '${configuration.settings.source.user}'@'%'`);
  const lateUser = configuration.settings.lateCopies.user;
  const shownLate = await friend.rows('grants', `SHOW GRANTS FOR '${lateUser}'@'%'`);
  expect(shownLate.map((row) => String(Object.values(row)[0])).join('\n')).not.toMatch(
    /SELECT|INSERT|UPDATE|DELETE|ALL/,
  );
  expect(shown.length).toBe(2); // the replication rights, and one line for the table's SELECT (columns) and REFERENCES
});
