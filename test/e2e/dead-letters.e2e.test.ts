import { changeTopic, deadLetterTopic } from '@friend-sync/connectors';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { createRows, createUsers } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TWO_SOURCES } from '../support/tables.ts';

const USERS = 20;
const JUNK_BYTES = 10 * 1024 * 1024;
const SOON = { timeout: PATIENCE_MS, interval: 100 };

test('case 23, 53: junk of every kind becomes dead letters with its bytes, the next message is applied, the rows that they told of are read', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration, stack, user, userDb, friend, friendDb } = pipeline;
  const { settings, mapping } = configuration;
  const [source] = mapping.sources;
  if (!source) throw new Error('the mapping has no source');
  const topic = changeTopic(settings, source);
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();

  const kafka = new kafkajs.Kafka({ brokers: [stack.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  const limit = { name: 'max.message.bytes', value: String(2 * JUNK_BYTES) };
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: [limit] }],
  });
  const junk = [
    Buffer.alloc(0),
    Buffer.from([0]),
    Buffer.from([7, 0, 0, 0, 1, 2]),
    Buffer.from([0, 0, 0, 0, 1, 255, 255, 255]),
    Buffer.from('{"json":"text"}'),
    Buffer.alloc(JUNK_BYTES, 'x'),
  ];
  // Users 1 to 6 lose a change each; a seventh message has no readable key.
  const places: string[] = [];
  for (const [i, value] of junk.entries()) {
    const messages = [{ key: `{"id":${i + 1}}`, value, headers: { origin: 'somewhere' } }];
    const [sent] = await producer.send({ topic, messages });
    places.push(`${topic}/${sent?.partition} ${sent?.baseOffset}`);
  }
  await producer.send({ topic, messages: [{ key: 'no key', value: 'no value' }] });
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'after all' WHERE id IN (1, 2, 20)`);

  const nicks = async () =>
    (
      await friend.rows(
        'reading',
        `SELECT DISTINCT friend_id, nick FROM ${friendDb}.friend WHERE friend_id IN (1, 2, 20)`,
      )
    ).map(({ nick }) => nick);
  await expect.poll(nicks, SOON).toEqual(['after all', 'after all', 'after all']);
  await expect.poll(() => daemon.metric('friend_sync_dead_letters_total'), SOON).toBe(7);
  await daemon.ready();

  const letters = await operations.deadLetters(source);
  expect(letters.map(({ key }) => String(key)).sort()).toEqual(['1', '2', '3', '4', '5', '6', 'undefined']);
  const stored: Buffer[] = [];
  const [named, reasons]: [string[], string[]] = [[], []];
  const consumer = kafka.consumer({ groupId: `look-${settings.kafka.groupId}` });
  await consumer.connect();
  await consumer.subscribe({ topic: deadLetterTopic(topic), fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { headers, value } }) => {
      if (!headers?.origin) return;
      const header = (name: string) => String(headers[`__connect.errors.${name}`]);
      named.push(`${header('topic')}/${header('partition')} ${header('offset')}`);
      reasons.push(header('exception.message'));
      stored.push(value ?? Buffer.from('null'));
    },
  });
  await expect.poll(() => stored.length, SOON).toBe(junk.length);
  expect(stored.map((bytes) => bytes.length).sort()).toEqual(junk.map((bytes) => bytes.length).sort());
  expect(named.sort()).toEqual(places.sort());
  for (const reason of reasons) expect(reason).toMatch(/does not begin with 0x00|do not fit schema|the schema is/);
  expect(junk.every((bytes) => stored.some((other) => other.equals(bytes)))).toBe(true);
  await Promise.all([consumer.disconnect(), admin.disconnect(), producer.disconnect()]);

  expect(await pipeline.settled()).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  expect(await operations.keys()).toMatchObject({ account: { due: 0, incomplete: 0 } });
  const written = await daemon.metric('friend_sync_copies_written_total');
  const command = (...args: string[]) => runCommand(pipeline, 'dead-letters', ...args);
  const told = (keys: number, replayed: number) => ({
    code: 0,
    data: { sources: [{ keys, replayed, withoutKey: 1, diedAgain: 0 }] },
  });
  expect(await command('replay', '--execute')).toMatchObject(told(6, 0));
  expect(await command('replay', '--execute')).toMatchObject(told(0, 6));
  await pipeline.settled();
  expect(await daemon.metric('friend_sync_copies_written_total')).toBe(written);

  const all = [{ source: 'account', letters: 7, left: 0 }];
  expect(await command('purge', '--all')).toEqual({ code: 0, data: { sources: all, executed: false } });
  expect(await command('purge', '--all', '--execute')).toEqual({ code: 0, data: { sources: all, executed: true } });
  expect(await operations.deadLetters(source)).toEqual([]);
});

test('case 71, 79: a source whose topic is half junk halts and is named, while the other source goes on; moved past the junk, it goes on too', async () => {
  await using pipeline = await openPipeline(TWO_SOURCES);
  const { operations, configuration, stack, user, userDb, friend, friendDb } = pipeline;
  const [account] = configuration.mapping.sources;
  if (!account) throw new Error('the mapping has no source');
  await createRows(pipeline);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  const kafka = new kafkajs.Kafka({ brokers: [stack.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const junk = Array.from({ length: 150 }, () => ({ key: 'no key', value: 'no value', partition: 0 }));
  await producer.send({ topic: changeTopic(configuration.settings, account), messages: junk });
  await producer.disconnect();
  const troubles = async () => (await daemon.readiness()).troubles;
  await expect
    .poll(troubles, SOON)
    .toContainEqual(expect.objectContaining({ kind: 'contract_broken', problem: expect.stringMatching(/100 of/) }));

  const copies = async (column: string, table: string) =>
    (await friend.rows('reading', `SELECT DISTINCT ${column} AS v FROM ${friendDb}.${table}`)).map(({ v }) => v);
  for (const title of ['one', 'two', 'three']) {
    await user.write('a change', `UPDATE ${userDb}.team SET title = ?`, [title]);
    await expect.poll(() => copies('title', 'member'), SOON).toEqual([title]);
  }
  expect(await troubles()).toContainEqual(expect.objectContaining({ kind: 'contract_broken' }));
  await operations.executeReset(await operations.planReset([account], { kind: 'latest' }), 'accept loss');
  await daemon.ready();
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'after all'`);
  await expect.poll(() => copies('nick', 'friend'), SOON).toEqual(['after all']);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});
