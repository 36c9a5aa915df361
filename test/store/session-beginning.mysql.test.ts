import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { openDatabase } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

test('case 70: a connection that falls silent before its session has begun is given up, and the next attempt has another', async () => {
  await using server = await openFriendServer(TABLES);
  const { target } = server.configuration.settings;
  let isSilent = true;
  const way = createServer((client) => {
    const there = connect(target.port, target.host).on('error', () => {});
    there.pipe(client.on('error', () => {}));
    client.on('data', (chunk) => (isSilent && chunk.includes('SET SESSION')) || there.write(chunk));
    client.on('close', () => there.destroy());
  });
  await once(way.listen(0, '127.0.0.1'), 'listening');
  const { port } = way.address() as AddressInfo;
  await using reader = openDatabase({ ...target, host: '127.0.0.1', port }, { connections: 1, answerMs: 2_000 });
  const read = () => reader.rows('reading', 'SELECT 1 AS one');
  await expect(read()).rejects.toMatchObject({ message: expect.stringContaining('no answer within 2 s') });
  isSilent = false;
  expect(await read()).toEqual([{ one: '1' }]);
  way.close();
});
