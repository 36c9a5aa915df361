import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TWO_SOURCES } from '../../../../test/support/tables.ts';
import { findUnfitSources } from './unfit-sources.ts';

test('of a table that there is not, or that lacks a mapped column, its source is named, and no other', async () => {
  await using server = await openFriendServer(TWO_SOURCES);
  const { configuration, user, friend, userDb } = server;
  const find = async () => [...(await findUnfitSources(configuration, user, friend))];
  expect(await find()).toEqual([]);
  await user.write('a typo', `ALTER TABLE ${userDb}.account RENAME COLUMN nick TO name`);
  expect(await find()).toEqual([['account', [expect.stringContaining(`${userDb}.account.nick: no such column`)]]]);
  await user.write('another', `RENAME TABLE ${userDb}.account TO ${userDb}.accounts`);
  expect(await find()).toEqual([['account', [expect.stringContaining(`${userDb}.account: no such table`)]]]);
});
