import { expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { column } from '../support/drain.ts';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 100;
const DEADLINE_MS = 60_000;
const SOON = { timeout: PATIENCE_MS };

test('case 53: copies edited by hand are found while changes go on, without false alarm, and repaired', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration, friend, friendDb, user, userDb } = pipeline;
  await createUsers(pipeline, USERS);
  await user.write('quiet ones', `INSERT INTO ${userDb}.account (id, nick) VALUES (1001, 'a'), (1002, 'b')`);
  await friend.write('their copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1001), (1002), (1002)`);
  await pipeline.startDaemon();
  await using _load = startLoad(pipeline, USERS);
  expect(await operations.verify(DEADLINE_MS)).toMatchObject({ mismatches: 0, copies: USERS * 3 + 3 });
  // The first load's sweep would mend what follows.
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();

  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'B' WHERE friend_id = 1002`);
  const found = await operations.verify(DEADLINE_MS);
  expect(found.mismatches).toBe(2);
  expect([...found.differing].map(([source, keys]) => [source, ...keys.keys()])).toEqual([['account', 1002n]]);
  expect(found.differences).toMatchObject([{ key: 1002n, columns: ['nick'] }]);
  expect(JSON.stringify(found.differences, (_, one) => String(one))).not.toContain('B');

  const [source] = configuration.mapping.sources;
  if (source) await operations.markPending(source, [1002n]);
  expect(await operations.verify(DEADLINE_MS)).toMatchObject({ mismatches: 0 });
});

test('case 53: verify --repair restores every copy that was edited by hand, whatever the mirror holds', async () => {
  const sources = `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`;
  await using pipeline = await openPipeline({ ...TABLES, sources, settings: { patrol: { intervalSeconds: 3_600 } } });
  const { operations, configuration, friend, friendDb } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  // What was just inserted is read once more: it would mend what follows.
  await expect.poll(() => daemon.metric('friend_sync_rows_read_total', '"proof"'), SOON).toBeGreaterThanOrEqual(USERS);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = CONCAT(nick, ' '), avatar = ''`);
  await friend.write('by hand', `UPDATE ${friendDb}.member SET nick = NULL`);
  const { stateDatabase } = configuration.settings.target;
  await friend.write('by hand', `UPDATE ${stateDatabase}.mirror_account SET v_nick = 'mirror' WHERE k <= 10`);
  await friend.write('of no row', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (2001, 'deleted long ago')`);

  const copies = USERS * 3;
  expect(await runCommand(pipeline, 'verify')).toMatchObject({ code: 1, data: { copies, mismatches: copies } });
  expect(await runCommand(pipeline, 'verify', '--repair')).toMatchObject({
    code: 0,
    data: { copies, mismatches: 0, repaired: copies, orphans: 1 },
  });
  expect(await column(pipeline, `SELECT nick FROM ${friendDb}.friend WHERE friend_id = 2001`)).toEqual(['gone']);
  expect(await pipeline.settled()).toMatchObject({ copies, mismatches: 0 });
});
