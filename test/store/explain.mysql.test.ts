import { type ConnectClient, fieldName } from '@friend-sync/connectors';
import { type Explanation, explainKey, openDatabase, openSourceDatabase, openTarget } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import type { Servers } from '../../sync-service/src/application/operate/servers.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { drain } from '../support/drain.ts';
import { dropUsers, withGrants } from '../support/granted-users.ts';
import { openSettledCopies, type SettledCopies } from '../support/settled-copies.ts';
import { TABLES } from '../support/tables.ts';

const [FRIEND = '', MEMBER = ''] = TABLES.friendTables;
const NARROW = { ...TABLES, friendTables: [FRIEND.replace('nick VARCHAR(64)', 'nick VARCHAR(5)'), MEMBER] };
const RUNNING = { state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] };

/** Asks about a key beside a daemon that runs, and a connector that has sent everything, unless parts are replaced. */
async function asking({ server, feed }: SettledCopies) {
  const { configuration, store, user } = server;
  const [mapping] = configuration.mapping.sources;
  if (!mapping) throw new Error('the mapping has no source');
  const executed = async () => {
    const [row] = await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
    return [{ partition: {}, offset: { gtids: String(row?.gtids), file: '', pos: 0 } }];
  };
  const connect = { status: async () => RUNNING, offsets: executed };
  const admin = { endOffsets: async () => new Map(), partitionOffsets: async () => [] };
  const parts: Servers = {
    configuration,
    source: user,
    target: server.friend,
    admin: admin as unknown as KafkaAdmin,
    connect: connect as unknown as ConnectClient,
    readTopic: async () => {},
  };
  return {
    mapping,
    connect,
    /** Of key 1. */
    async explain(more: Partial<Servers> = {}, troubles: readonly { part: string; problem: string }[] = []) {
      const all = troubles.map((one) => ({ kind: '', directive: '', hint: '', since: '', isNote: false, ...one }));
      await store.daemons.beSeen(store.database, { state: 'consuming', troubles: all });
      return explainKey({ ...parts, ...more }, mapping, '1');
    },
    explainWithoutDaemon: () => explainKey(parts, mapping, '1'),
    edit: () => server.friend.write('by hand', `UPDATE ${server.friendDb}.friend SET nick = 'x' WHERE friend_id = 1`),
    /** Changes the row, and no message tells of it. */
    hide: (nick: string) =>
      user.write('unheard of', `UPDATE ${server.userDb}.account SET nick = ? WHERE id = 1`, [nick]),
    source: feed.source,
  };
}

const summary = ({ verdict, sentence }: Explanation) => `${verdict}: ${sentence}`;

test('case 83: explain says of copies that differ what keeps fan-out from them', async () => {
  await using settled = await openSettledCopies(NARROW);
  const { server, change } = settled;
  const { store, friend, friendDb } = server;
  const { explain, explainWithoutDaemon, edit, mapping } = await asking(settled);
  const equal = await explain();
  expect(summary(equal)).toBe('equal: Every copy equals its source.');
  expect(equal.facts).toMatchObject({
    mirror: { isEqual: true, partition: 0, unknown: [] },
    row: { hash: equal.facts.mirror?.hash },
    pending: null,
    copies: [
      { copy: 'friend.friend_id', copies: 3, differing: 0, differFromMirror: 0, locked: 0 },
      { copy: 'member.user_id', copies: 1 },
    ],
    unanswered: [],
  });

  await edit();
  const edited = await explain();
  expect(summary(edited)).toMatch(/^on its way: 3 copies differ \(.*\.friend\.nick\): somebody else has written there/);
  expect(edited.facts.copies).toMatchObject([
    { differing: 3, differFromMirror: 3, columns: ['nick'] },
    { differing: 0 },
  ]);

  await friend.transaction('the application', async (tx) => {
    await tx.rows('locking', `SELECT id FROM ${friendDb}.friend WHERE friend_id = 1 LIMIT 2 FOR UPDATE`);
    expect(summary(await explain())).toMatch(/^on its way: .*another transaction has locked 2 of them in .*\.friend,/);
  });

  await change('Ann B');
  expect(summary(await explain())).toMatch(/^on its way: 4 copies differ: the key is pending since 20/);
  await store.pause.pause(store.database);
  expect(summary(await explain())).toMatch(/^to do: .*fan-out is paused since 20.*friend-sync resume/);
  await store.pause.resume(store.database);
  const halted = { part: 'copies by friend.friend_id', problem: 'no UPDATE on it' };
  const others = { part: 'copy friend.friend_id of another', problem: 'is a view' };
  expect(summary(await explain({}, [halted]))).toMatch(/^to do: .*copies by friend\.friend_id: no UPDATE on it/);
  const { configuration } = server;
  const another = { ...mapping, name: 'another', table: { ...mapping.table, table: 'another' } };
  const both = { ...configuration, mapping: { sources: [mapping, another] } };
  expect(summary(await explain({ configuration: both }, [others]))).toMatch(/the key is pending/);
  await store.daemons.leave(store.database);
  expect(summary(await explainWithoutDaemon())).toBe('to do: 4 copies differ: no daemon runs; friend-sync start.');

  await change('much too long');
  await drain(server);
  const parked = await explain();
  expect(summary(parked)).toMatch(
    /^to do: 3 copies differ: the key is parked, .*\.friend, column nick: ER_DATA_TOO_LONG/,
  );
  expect(JSON.stringify(parked, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
    /much too long|Ann/,
  );
});

test('case 83: explain says of a mirror that differs from its source what keeps the change from it', async () => {
  await using settled = await openSettledCopies();
  const { server } = settled;
  const { store, configuration } = server;
  const { database } = store;
  const { explain, hide, source, mapping, connect } = await asking(settled);
  const before = await connect.offsets();
  await hide('Anne');
  const unheard = await explain();
  expect(summary(unheard)).toMatch(/^on its way: 4 copies differ: no message has told .*friend-sync backfill --keys 1/);
  expect(unheard.facts.mirror).toMatchObject({ isEqual: false, differing: ['nick'] });
  expect(unheard.facts.row?.hash).not.toBe(unheard.facts.mirror?.hash);

  const behind = { ...connect, offsets: async () => before } as unknown as ConnectClient;
  expect(summary(await explain({ connect: behind }))).toMatch(
    /^on its way: .*its change is on its way: .*has not sent/,
  );
  const failed = { ...connect, status: async () => ({ ...RUNNING, state: 'FAILED' }) } as unknown as ConnectClient;
  expect(summary(await explain({ connect: failed }))).toMatch(
    /^to do: .*connector friend-sync-source-account.* FAILED/,
  );
  const changing = async () => {
    await hide('Anna');
    return RUNNING;
  };
  const hot = { ...connect, status: changing } as unknown as ConnectClient;
  expect(summary(await explain({ connect: hot }))).toMatch(/^on its way: .*the row changes at this very moment/);
  await hide('Anne');
  const halted = { part: `ingest of friend-sync.${server.userDb}.account/0`, problem: 'its schema is unknown' };
  expect(summary(await explain({}, [halted]))).toMatch(/^to do: .*account\/0: its schema is unknown/);

  await source.due.mark(database, [1n]);
  expect(summary(await explain())).toMatch(/^on its way: .*its row is read, due since 20/);
  const key = Buffer.from(JSON.stringify({ [fieldName(mapping, mapping.key)]: 1 }));
  const headers = {
    '__connect.errors.partition': '0',
    '__connect.errors.offset': '7',
    '__connect.errors.exception.message': 'no Avro',
  };
  const readTopic: Servers['readTopic'] = async (_, onMessage) => {
    for (const one of [key, Buffer.from('{"id":2}')])
      onMessage({ key: one, value: null, timestamp: '0', offset: '0', headers }, 0);
  };
  const undecoded = await explain({ readTopic });
  expect(summary(undecoded)).toMatch(/could not be decoded \(partition 0, offset 7: no Avro\)/);
  expect(undecoded.facts.deadLetters).toHaveLength(1);
  await source.reads.setDistrust(database, 'proof', '9 of 9 changes were wrong');
  expect(summary(await explain())).toMatch(/stream is not trusted \(since 20.* 9 of 9 changes were wrong\)/);
  await source.due.refuse(database, 1n, 'the mirror is too narrow');
  expect(summary(await explain())).toMatch(/^to do: .*the mirror does not take its row, .*: the mirror is too narrow/);
  const seen = await store.serverState.read(database, 'account');
  await store.serverState.declareLost(database, 'account', seen, { reason: 'it was set back', mayHeal: false });
  expect(summary(await explain())).toMatch(/^to do: .*it was set back; friend-sync epoch new account --execute/);

  const target = openDatabase({ ...configuration.settings.target, port: 1 }, { connections: 1 });
  await using _ = target;
  const away = await explain({ target });
  expect(summary(away)).toMatch(/^unreachable: It cannot be told: .*ECONNREFUSED/);
  expect(away.facts.row).toEqual(unheard.facts.row);
});

test('case 83: explain names the copy that is held, and a row that is gone; the printed grants suffice', async () => {
  await using settled = await openSettledCopies({
    ...TABLES,
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`,
  });
  const { server, feed, alter } = settled;
  const { user, friend, userDb, configuration } = server;
  const { explain } = await asking(settled);
  const as = await withGrants(server);
  await using source = openSourceDatabase(as);
  await using target = openTarget(as);
  const rights = { configuration: as, source, target };
  const { unanswered } = (await explain(rights)).facts;
  expect(unanswered).toEqual([]);

  await alter('ALTER TABLE DB.friend ENGINE = MyISAM');
  expect(summary(await explain(rights))).toMatch(/^to do: .*friend\.friend_id is held: .*engine MyISAM/);
  await alter('ALTER TABLE DB.friend ENGINE = InnoDB');
  await user.write('deleting', `DELETE FROM ${userDb}.account WHERE id = 1`);
  expect(summary(await explain(rights))).toMatch(
    /^on its way: .*which no message has told.*friend-sync verify --repair/,
  );
  const { stateDatabase } = configuration.settings.target;
  await friend.write('a round', `UPDATE ${stateDatabase}.round SET gone_keys = 500`);
  expect(summary(await explain(rights))).toMatch(
    /^to do: .*one of 500 that are gone .*friend-sync gone account --execute/,
  );
  await feed.deletes(1n);
  expect(summary(await explain(rights))).toMatch(/^on its way: 4 copies differ: the key is pending/);
  await friend.write('no wait', `UPDATE ${stateDatabase}.pending SET due = NOW(6)`);
  await drain(server);
  const deleted = await explain(rights);
  expect(summary(deleted)).toBe(
    'equal: The source has no row of this key, and onDelete has replaced what its copies held.',
  );
  expect(deleted.facts).toMatchObject({ row: null, mirror: { isDeleted: true, isEqual: true } });
  await dropUsers(server, as);
});
