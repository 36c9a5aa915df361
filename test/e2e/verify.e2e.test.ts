import { expect, test } from 'vitest';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';

const USERS = 100;
const DEADLINE_MS = 60_000;

test('case 53: copies edited by hand are found while changes go on, without false alarm, and repaired', async () => {
  await using pipeline = await openPipeline();
  const { operations, configuration, friend, friendDb, user, userDb } = pipeline;
  await createUsers(pipeline, USERS);
  await user.write('quiet ones', `INSERT INTO ${userDb}.account (id, nick) VALUES (1001, 'a'), (1002, 'b')`);
  await friend.write('their copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1001), (1002), (1002)`);
  await pipeline.startDaemon();
  await using _load = startLoad(pipeline, USERS);
  expect(await operations.verify(DEADLINE_MS)).toMatchObject({ mismatches: 0, copies: USERS * 3 + 3 });

  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'B' WHERE friend_id = 1002`);
  const found = await operations.verify(DEADLINE_MS);
  expect(found.mismatches).toBe(2);
  expect([...found.differing].map(([source, keys]) => [source, ...keys.keys()])).toEqual([['account', 1002n]]);
  expect(found.examples.join()).not.toContain('B');

  const [source] = configuration.mapping.sources;
  if (source) await operations.markPending(source, [1002n]);
  expect(await operations.verify(DEADLINE_MS)).toMatchObject({ mismatches: 0 });
});
