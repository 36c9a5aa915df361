import type { ConnectClient, ConnectorDefinition } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { beginLateCopies, lateCopiesBegin } from '../../sync-service/src/application/late-copies/beginning.ts';
import { beginEpoch, type EpochParts } from '../../sync-service/src/application/operate/epoch.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { EPOCH_BEGINS } from '../../sync-service/src/infrastructure/mysql/state/server-state.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

/** Connect and Kafka that do all they are told at once. */
const done = new Proxy({}, { get: () => async () => {} });
const connect = done as ConnectClient;
const admin = Object.assign(Object.create(done), {
  partitionOffsets: async () => [{ partition: 0, low: 0n, high: 0n }],
  offsetsAtTimestamp: async () => new Map([[0, 0n]]),
}) as KafkaAdmin;

async function openBeginnings() {
  const server = await openFriendServer(TABLES);
  const { configuration, store, friend, user } = server;
  const [source] = configuration.mapping.sources;
  const own = source && store.sources.get(source.name);
  if (!own) throw new Error('no source');
  const round = `${configuration.settings.target.stateDatabase}.round`;
  await own.round.adopt(store.database);
  const parts: EpochParts = { configuration, store, admin, connect, source: user };
  return {
    server,
    own,
    begin: () => beginEpoch(parts, source, () => {}),
    beginLate: (connector: ConnectorDefinition) =>
      beginLateCopies({ ...parts, settings: configuration.settings }, connector, () => {}),
    breakRounds: () => friend.write('breaking', `RENAME TABLE ${round} TO ${round}_away`),
    mendRounds: () => friend.write('mending', `RENAME TABLE ${round}_away TO ${round}`),
  };
}

test('case 91: an epoch is not over before a round over all rows has been asked for', async () => {
  const { server, own, begin, breakRounds, mendRounds } = await openBeginnings();
  await using _ = server;
  const { database, serverState } = server.store;
  const { name } = own.schema.mapping;
  const before = (await own.round.report(database)).requests;
  await breakRounds();
  await expect(begin()).rejects.toThrow(/asking for a round/);
  expect((await serverState.read(database, name))?.lost?.reason).toBe(EPOCH_BEGINS);
  await mendRounds();
  await begin();
  expect((await serverState.read(database, name))?.lost).toBeUndefined();
  expect((await own.round.report(database)).requests).toBe(before + 1n);
});

test('case 77: late copies have not begun before the patrol has been asked for what was written until then', async () => {
  const { server, beginLate, breakRounds, mendRounds } = await openBeginnings();
  await using _ = server;
  const connector = { name: 'late', config: {}, source: undefined };
  await breakRounds();
  await expect(beginLate(connector)).rejects.toThrow(/round/);
  expect(await lateCopiesBegin(server.store)).toBe(true);
  await mendRounds();
  await beginLate(connector);
  expect(await lateCopiesBegin(server.store)).toBe(false);
});
