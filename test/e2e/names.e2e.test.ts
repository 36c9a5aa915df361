import { connectorNames, type RawSettings, readConfiguration } from '@friend-sync/connectors';
import { createLogger, Operations, type SyncError } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { openPipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS, interval: 200 };

const COLUMNS = ['昵称', '头像', 'nick-name', 'nick_name', '３rd "x', "a,b.*\\'$(c)", ' constructor'].map((name) =>
  name.replace('.', ''),
);
const DATABASE = '2024_用户';
const quoted = (...names: string[]) => names.map((name) => `\`${name}\``).join('.');

test('case 93: names that begin with digits, are Chinese, alike in Avro or full of signs arrive by the stream', async () => {
  const definitions = COLUMNS.map((column) => `${quoted(column)} VARCHAR(64)`).join(', ');
  const set = Object.fromEntries(COLUMNS.map((column) => [column, column]));
  const copies = [{ table: '360_$好友', key: '用户-id', set }];
  await using pipeline = await openPipeline({
    userTables: [
      `CREATE DATABASE ${quoted(DATABASE)}`,
      // A leading space keeps the database as it is.
      ` CREATE TABLE ${quoted(DATABASE, '360_user')} (用户_id BIGINT PRIMARY KEY, ${definitions})`,
      `CREATE TABLE ${quoted('im$user,"')} (id BIGINT PRIMARY KEY, nick VARCHAR(64))`,
    ],
    friendTables: [
      `CREATE TABLE ${quoted('360_$好友')} (n INT AUTO_INCREMENT PRIMARY KEY, ${quoted('用户-id')} BIGINT, ${definitions}, KEY (${quoted('用户-id')}))`,
      'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(64), KEY (friend_id))',
    ],
    sources: ` ${JSON.stringify([
      { name: 'person', table: `${DATABASE}.360_user`, key: '用户_id', copies },
      {
        name: 'account',
        table: 'USER.im$user,"',
        key: 'id',
        copies: [{ table: 'friend', key: 'friend_id', set: { nick: 'nick' } }],
      },
    ])}`,
    settings: { reads: { proofPerSecond: 0 }, patrol: { intervalSeconds: 3_600 } },
  });
  const { user, friend, userDb, friendDb } = pipeline;
  const daemon = await pipeline.startDaemon();
  const values = COLUMNS.map((_, i) => `v${i}`);
  await user.write('a row', `INSERT INTO ${quoted(DATABASE, '360_user')} VALUES (1, ?)`, [values]);
  await user.write('a row', `INSERT INTO ${quoted(userDb, 'im$user,"')} VALUES (1, 'Ann')`);
  await friend.write('a copy', `INSERT INTO ${quoted(friendDb, '360_$好友')} (${quoted('用户-id')}) VALUES (1)`);
  await friend.write('a copy', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  expect(await pipeline.settled()).toMatchObject({ copies: 2, mismatches: 0 });
  await user.write('a change', `UPDATE ${quoted(DATABASE, '360_user')} SET 昵称 = '王', ${quoted('nick_name')} = 'w'`);
  await user.write('a change', `UPDATE ${quoted(userDb, 'im$user,"')} SET nick = 'Bea'`);
  expect(await pipeline.settled()).toMatchObject({ copies: 2, mismatches: 0 });
  const rows = await friend.rows('reading', `SELECT * FROM ${quoted(friendDb, '360_$好友')}`);
  expect(Object.values(rows[0] ?? {}).slice(2)).toEqual(['王', 'v1', 'v2', 'w', 'v4', 'v5', 'v6']);
  // Each message has said its row; none had to be read.
  expect(await daemon.metric('friend_sync_rows_read_total', '"due"')).toBe(0);
  for (const source of pipeline.configuration.mapping.sources)
    expect(await pipeline.operations.deadLetters(source)).toEqual([]);
  await friend.write('late', `INSERT INTO ${quoted(friendDb, '360_$好友')} (${quoted('用户-id')}) VALUES (1)`);
  await friend.write('late', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (1, 'old')`);
  const late = () => friend.rows('reading', `SELECT nick FROM ${friendDb}.friend ORDER BY n`);
  await expect.poll(late, { timeout: 60_000 }).toEqual([{ nick: 'Bea' }, { nick: 'Bea' }]);
  await user.write('dropping', `DROP DATABASE ${quoted(DATABASE)}`);
});

test('case 68: a second system with the names of the first is refused before it touches anything, and its daemon reads nothing', async () => {
  await using pipeline = await openPipeline(TABLES);
  const { configuration, operations, friend, friendDb, configFile, env } = pipeline;
  const { connect } = operations;
  const { user: account } = configuration.settings.target;
  const other = `other_${friendDb}`;
  await friend.write('granting', `GRANT ALL ON ${other}.* TO '${account}'@'%'`);
  const names = connectorNames(configuration);
  const before = await Promise.all(names.map((name) => connect.config(name)));

  const second = (overrides: RawSettings = {}) =>
    new Operations(
      readConfiguration(configFile, env, { ...overrides, target: { stateDatabase: other } }),
      createLogger('fatal'),
    );
  await using same = second();
  await same.executeMigration();
  for (const order of [() => same.applyConnectors(60_000), () => same.beginEpoch(configuration.mapping.sources)]) {
    const { kind, message } = await order().then(
      () => ({ kind: 'done', message: '' }),
      (error: SyncError) => error,
    );
    expect(kind).toBe('contract_broken');
    for (const name of names) expect(message).toContain(`connector ${name} is another system's`);
    expect(message).toContain(
      `topics that begin with ${configuration.settings.kafka.topicPrefix} are another system's`,
    );
    expect(message).toContain('give this system a kafka.topicPrefix');
  }
  expect(await Promise.all(names.map((name) => connect.config(name)))).toEqual(before);

  const first = await pipeline.startDaemon();
  const refused = await pipeline.launchDaemon({ FRIEND_SYNC_TARGET__STATE_DATABASE: other });
  await expect.poll(() => refused.output(), SOON).toContain(`connector ${names[0]} is another system's`);
  await using alike = second({
    kafka: { topicPrefix: 'elsewhere' },
    connect: { connectorName: 'elsewhere' },
    lateCopies: { topicPrefix: 'elsewhere-late', connectorName: 'elsewhere-late' },
  });
  await expect(alike.applyConnectors(60_000)).rejects.toThrow(/^consumer group \S+ is another system's: it reads /);
  await refused.kill('SIGTERM');

  // A connector of the version before has no mark.
  const [late = '', source = ''] = names;
  const unmarked = Object.entries((await connect.config(source)) ?? {}).filter(([name]) => !name.endsWith('.mark'));
  await connect.apply(source, Object.fromEntries(unmarked));
  const applied = await operations.applyConnectors(60_000);
  expect(applied.connectors).toEqual([
    { name: late, outcome: 'unchanged' },
    { name: source, outcome: 'updated' },
  ]);
  expect(await connect.config(source)).toEqual(before[1]);
  await first.kill('SIGTERM');
  await friend.write('dropping', `DROP DATABASE ${other}`);
});
