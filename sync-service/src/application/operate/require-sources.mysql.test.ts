import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { requireSources } from './require-sources.ts';

test('a connector is not applied for a table that there is not, or that lacks a mapped column', async () => {
  await using server = await openFriendServer(TABLES);
  const { configuration, user, friend, userDb } = server;
  const require = () => requireSources(configuration, user, friend);
  await require();
  await user.write('a typo', `ALTER TABLE ${userDb}.account RENAME COLUMN nick TO name`);
  await expect(require()).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringContaining(`${userDb}.account.nick: no such column`),
  });
  await user.write('another', `RENAME TABLE ${userDb}.account TO ${userDb}.accounts`);
  await expect(require()).rejects.toThrow(`${userDb}.account: no such table`);
});
