import { type ConnectClient, renderSourceConnector } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { openFriendServer } from '../../../../test/support/friend-server.ts';
import { TABLES } from '../../../../test/support/tables.ts';
import { captureCheck } from './captured-columns.ts';

async function openSource(columns?: string) {
  const server = await openFriendServer(TABLES);
  const { configuration, user, userDb } = server;
  const [mapping] = configuration.mapping.sources;
  if (!mapping) throw new Error('the mapping has no source');
  const rendered = renderSourceConnector(configuration, mapping);
  const config = async () => ({ ...rendered, ...(columns ? { 'column.include.list': columns } : {}) });
  const connect = { config } as unknown as ConnectClient;
  const check = captureCheck({ configuration, source: user, connect });
  return { server, user, userDb, check: (...names: string[]) => check(mapping, names) };
}

test('a column that the source has and the connector captures is only missing in older messages', async () => {
  const { server, check } = await openSource();
  await using _ = server;
  await expect(check('avatar')).resolves.toBe(undefined);
});

test('case 37: a column that the source has lost is named', async () => {
  const { server, user, userDb, check } = await openSource();
  await using _ = server;
  await user.write('dropping', `ALTER TABLE ${userDb}.account DROP COLUMN avatar`);
  await expect(check('avatar')).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringContaining('account lacks avatar'),
  });
  await expect(check('nick')).resolves.toBe(undefined);
});

test('a connector that captures other columns than the mapping has is the problem', async () => {
  const { server, check } = await openSource('another\\.table\\.id');
  await using _ = server;
  await expect(check('avatar')).rejects.toMatchObject({
    kind: 'contract_broken',
    message: expect.stringContaining('the connector captures other columns'),
  });
});
