import { expect, test } from 'vitest';
import { hearCommand, runCommand } from '../support/command.ts';
import { makeHostile } from '../support/hostile-settings.ts';
import { openServers } from '../support/own-servers.ts';
import { openPipeline } from '../support/pipeline.ts';
import { openRoot } from '../support/root.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS, interval: 100 };

/** What each of the settings would fold, pad, cut, escape or misread. */
const VALUES = [
  '👨‍👩‍👧‍👦🍣',
  '張三誠許功蓋',
  `\\' " \\" || '' \\`,
  'spaces at the end  ',
  '  é ü ß — „x“',
  '',
  null,
  'NULL',
  '0',
  '🍣'.repeat(64),
];

test('case 80: where every setting of both servers is as it hurts most, everything arrives byte for byte', async () => {
  await using servers = await openServers(['user-mysql', 'friend-mysql'], { lowerCaseTableNames: true });
  for (const server of [servers.userMysql, servers.friendMysql]) {
    await using root = openRoot(server);
    // Debezium's reader of binary logs asks for variables by SHOW, which is a join; nobody can tell it to begin otherwise.
    await makeHostile(root, { max_join_size: undefined });
  }
  const values = new Map<number, string | null>(VALUES.map((value, i) => [i + 1, value]));
  await using pipeline = await openPipeline(
    {
      servers,
      userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), avatar TEXT)'],
      friendTables: [
        `CREATE TABLE friend (n BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64) CHARACTER SET utf8mb4,
           avatar TEXT CHARACTER SET utf8mb4, touched TIMESTAMP NULL, KEY (friend_id))`,
        'CREATE TABLE member (team VARCHAR(300) CHARACTER SET utf8mb4, user_id BIGINT, nick VARCHAR(64) CHARACTER SET utf8mb4, PRIMARY KEY (team, user_id), KEY (user_id))',
      ].map((ddl) => `${ddl} ENGINE = InnoDB`),
      sources: TABLES.sources,
      settings: { patrol: { intervalSeconds: 3_600 } },
    },
    async ({ user, friend, userDb, friendDb }) => {
      await user.write('converting', `ALTER TABLE ${userDb}.account CONVERT TO CHARACTER SET utf8mb4`);
      await user.write('rows', `INSERT INTO ${userDb}.account VALUES ?`, [[...values].map(([id, v]) => [id, v, v])]);
      const ids = [...values.keys()];
      await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [ids.map((id) => [id])]);
      const members = ids.flatMap((id) => ['x', 'y'].map((end) => [`${'t'.repeat(299)}${end}`, id]));
      await friend.write('copies', `INSERT INTO ${friendDb}.member (team, user_id) VALUES ?`, [members]);
    },
  );
  const { user, friend, userDb, friendDb } = pipeline;
  const set = async (id: number, value: string | null) => {
    values.set(id, value);
    await user.write('a change', `UPDATE ${userDb}.account SET nick = ?, avatar = ? WHERE id = ?`, [value, value, id]);
  };
  const arrived = async () => {
    const read = (sql: string) => friend.rows('looking', sql);
    const friends = await read(`SELECT friend_id AS id, nick, avatar FROM ${friendDb}.friend ORDER BY n`);
    const members = await read(
      `SELECT user_id AS id, nick, nick AS avatar FROM ${friendDb}.member WHERE team <> 'many' ORDER BY team, user_id`,
    );
    return [...friends, ...members].filter(
      ({ id, nick, avatar }) => nick !== values.get(Number(id)) || avatar !== values.get(Number(id)),
    );
  };
  const settled = async () => {
    expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
    expect(await arrived()).toEqual([]);
  };
  const command = async (...args: readonly string[]) =>
    expect(await hearCommand(pipeline, ...args)).toMatchObject({ code: 0 });
  const daemon = await pipeline.startDaemon();

  // The first load; what the stream tells; rows that are deleted and come back.
  await expect.poll(async () => (await pipeline.operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  await settled();
  for (const [i, id] of [...values.keys()].entries()) await set(id, VALUES.at(i - 3) ?? null);
  await settled();
  // Its copies keep what they have.
  await user.write('a deletion', `DELETE FROM ${userDb}.account WHERE id = 2`);
  await settled();
  await user.write('a row', `INSERT INTO ${userDb}.account VALUES (2, 'z', 'z'), (99, ?, ?)`, [VALUES[0], VALUES[0]]);
  values.set(2, 'z');
  values.set(99, VALUES[0] ?? null);
  await settled();

  // More at once than the servers take in one packet: a page that is read, and a batch of messages.
  const many = Array.from({ length: 200 }, (_, i) => 1_000 + i);
  for (const text of ['é'.repeat(500), '張'.repeat(600)]) {
    const rows = many.map((id) => `(${id}, RIGHT(CONCAT(@t, ${id}), 60), CONCAT(@t, ${id}))`);
    await user.write(
      'many rows',
      `SET @t = '${text}'; INSERT INTO ${userDb}.account VALUES ${rows} AS n ON DUPLICATE KEY UPDATE nick = n.nick, avatar = n.avatar`,
    );
  }
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team, user_id) VALUES ?`, [
    many.map((id) => ['many', id]),
  ]);
  await settled();

  // A copy with an old value, late.
  await friend.write('late', `INSERT INTO ${friendDb}.friend (friend_id, nick, avatar) VALUES (99, 'old', 'old')`);
  await expect.poll(arrived, SOON).toEqual([]);

  await command('pause');
  await set(1, `${VALUES[2]}paused`);
  await command('resume');
  await settled();

  const corrupt = () =>
    friend.write('corrupting', `UPDATE ${friendDb}.friend SET nick = CONCAT(COALESCE(nick, ''), ' '), avatar = 'x'`);
  await corrupt();
  await command('mark', '--keys', ...[...values.keys()].map(String));
  await settled();
  await corrupt();
  await command('backfill', '--wait', '--keys', ...[...values.keys()].map(String));
  await settled();
  await corrupt();
  await command('backfill', '--all', '--wait');
  await settled();
  await corrupt();
  expect(await runCommand(pipeline, 'verify')).toMatchObject({ code: 1 });
  expect(await runCommand(pipeline, 'verify', '--repair')).toMatchObject({ code: 0 });
  await command('verify');
  await settled();
  await command('migrate');
  await command('connectors', 'apply');
  await command('status');
  expect(await daemon.readiness()).toMatchObject({ ready: true, troubles: [] });

  // Nothing can be done about this one.
  await user.write('configuring', "SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'");
  await expect(pipeline.operations.applyConnectors(60_000)).rejects.toThrow(
    /^the user database has binlog_row_value_opt/,
  );
  await expect
    .poll(async () => (await daemon.readiness()).troubles, SOON)
    .toMatchObject([{ kind: 'contract_broken', problem: expect.stringContaining('binlog_row_value_options') }]);
}, 300_000);
