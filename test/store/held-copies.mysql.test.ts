import { createLogger, type FanOutLimits, fanOutClaim, Health, openStore, openTarget } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { awaitSweeps } from '../../sync-service/src/application/proof/barrier.ts';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { waiting } from '../../sync-service/src/application/proof/wait.ts';
import { watchCopies } from '../../sync-service/src/application/supervise/copy-watch.ts';
import { planMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { findHeld } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { drain } from '../support/drain.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { openSettledCopies } from '../support/settled-copies.ts';
import { TABLES } from '../support/tables.ts';

const HELD = 'friend.friend_id';
/** `where` depends on a column that no other part of the mapping names. */
const OPTIONS = {
  ...TABLES,
  sources: TABLES.sources.replace('avatar: avatar }', 'avatar: avatar }, where: "remark IS NULL"'),
};

test.each([
  ['a column is gone', 'DROP COLUMN nick', 'ADD COLUMN nick VARCHAR(64)', /friend\.nick: no such column/],
  [
    'a column is narrower in its charset',
    'MODIFY nick VARCHAR(64) CHARACTER SET utf8mb3',
    'MODIFY nick VARCHAR(64)',
    /utf8mb3/,
  ],
  [
    'a column is generated',
    'DROP COLUMN nick, ADD COLUMN nick VARCHAR(64) AS (remark)',
    'DROP COLUMN nick, ADD COLUMN nick VARCHAR(64)',
    /friend\.nick: is a generated column/,
  ],
  ['the engine is another', 'ENGINE = MyISAM', 'ENGINE = InnoDB', /engine MyISAM/],
  ['an index is gone', 'DROP INDEX friend_id', 'ADD INDEX another_name (friend_id)', /no index begins with it/],
  ['`where` is wrong', 'DROP COLUMN remark', 'ADD COLUMN remark VARCHAR(64)', /`where` is refused.*remark/],
  ['the table is gone', 'RENAME TO DB.away', 'RENAME TO DB.friend', /friend: no such table/],
])(
  'case 72: a copy is held alone while %s, and named; mended, it is made equal by itself',
  async (_, toBreak, toMend, problem) => {
    await using settled = await openSettledCopies(OPTIONS);
    const { server, look, change, alter, round, missed, nicks } = settled;
    const { store, configuration, user, friend } = server;
    await alter(`ALTER TABLE DB.friend ${toBreak}`);
    expect(await look()).toMatchObject([
      { part: `copy ${HELD} of account`, kind: 'copy_unfit', problem: expect.stringMatching(problem) },
    ]);
    await change('Ann B.');
    expect(await drain(server)).toMatchObject({ written: 1, postponed: [] });
    expect(await nicks('member')).toEqual(['Ann B.', 'Bea']);
    expect(await compareCopies(configuration, user, friend, { held: await findHeld(store) })).toMatchObject({
      copies: 2,
      mismatches: 0,
      held: [{ source: 'account', copy: HELD }],
    });
    await alter(`ALTER TABLE DB.${toBreak.includes('away') ? 'away' : 'friend'} ${toMend}`);
    expect(await look()).toEqual([]);
    await round();
    expect(await nicks('friend')).toEqual(['Ann B.', 'Bea']);
    expect(await missed()).toEqual([]);
  },
);

test('case 72: a right that is missing holds the copy, and is named with its column', async () => {
  await using settled = await openSettledCopies();
  const { server, alter } = settled;
  const { configuration, friendDb } = server;
  const { settings } = configuration;
  const account = `u${friendDb}`;
  await alter(`CREATE USER ${account}`);
  await alter(`GRANT ALL ON ${settings.target.stateDatabase}.* TO ${account}`);
  await alter(`GRANT SELECT ON DB.friend TO ${account}`);
  await alter(`GRANT UPDATE (nick) ON DB.friend TO ${account}`);
  await alter(`GRANT UPDATE (nick) ON DB.member TO ${account}`);
  const as = { ...configuration, settings: { ...settings, target: { ...settings.target, user: account } } };
  await using store = await openStore(as, openTarget(as));
  const [friend, member] = await findHeld(store);
  expect(friend?.problem).toBe(`${friendDb}.friend.avatar: no UPDATE on it; see friend-sync grants`);
  expect(member?.problem).toMatch(/member\.user_id: no such column, or no right on it/);
  await alter(`GRANT UPDATE (avatar) ON DB.friend TO ${account}`);
  await alter(`GRANT SELECT ON DB.member TO ${account}`);
  expect(await settled.look(store)).toEqual([]);
  await alter(`DROP USER ${account}`);
});

test('case 72: what was passed over outlives the daemon, and a daemon that takes a mended copy for held loses nothing', async () => {
  await using settled = await openSettledCopies();
  const { server, look, change, alter, round, missed, nicks } = settled;
  const { configuration, store } = server;
  await alter('ALTER TABLE DB.friend ENGINE = MyISAM');
  await look();
  await change('Ann B.');
  await drain(server);
  await alter('ALTER TABLE DB.friend ENGINE = InnoDB');
  await using other = await openStore(configuration, openTarget(configuration));
  expect(await missed()).toEqual([HELD]);
  await using _ = await watchCopies({ store: other, health: new Health(), log: createLogger('fatal') });
  // The round is the daemon's that has not looked again: it passes the copy over as well.
  await round(store);
  expect(await nicks('friend')).toEqual(['Ann', 'Bea']);
  expect(await missed()).toEqual([HELD]);
  await round(other);
  expect(await nicks('friend')).toEqual(['Ann B.', 'Bea']);
  expect(await missed()).toEqual([]);
  await change('Ann C.');
  await drain(server);
  expect(await missed()).toEqual([HELD]);
  await round(other);
  expect(await nicks('friend')).toEqual(['Ann C.', 'Bea']);
});

test('case 72: a copy that is mended while the pass of a key goes on, and was passed over by it, is marked as missed', async () => {
  await using settled = await openSettledCopies();
  const { server, feed, change, alter, missed } = settled;
  const { store } = server;
  const limits: FanOutLimits = { chunkRows: 2, leaseMs: 15_000 };
  const chunk = async () => {
    const claim = await store.database.transaction('claim', (tx) => feed.source.pending.claim(tx, 1));
    if (claim)
      await fanOutClaim(store, claim, limits, { onWritten() {}, onApplied() {}, onPostponed() {}, onFit() {} });
    return claim !== undefined;
  };
  await change('Ann B.');
  await alter('ALTER TABLE DB.member ENGINE = MyISAM');
  await findHeld(store);
  await chunk();
  await alter('ALTER TABLE DB.member ENGINE = InnoDB');
  await findHeld(store);
  while (await chunk());
  expect(await missed()).toEqual(['member.user_id']);
});

test('case 72: a copy that is mended while a key waits for locked copies, and was passed over by it, is marked as missed', async () => {
  await using settled = await openSettledCopies();
  const { server, change, alter, missed, nicks } = settled;
  const { store, friend, friendDb } = server;
  await change('Ann B.');
  await alter('ALTER TABLE DB.friend ENGINE = MyISAM');
  await findHeld(store);
  await friend.transaction('the application', async (tx) => {
    await tx.rows('locking', `SELECT user_id FROM ${friendDb}.member FOR UPDATE`);
    await drain(server);
    await alter('ALTER TABLE DB.friend ENGINE = InnoDB');
    await findHeld(store);
  });
  const written = () => drain(server).then(() => nicks('member'));
  await expect.poll(written, { timeout: PATIENCE_MS }).toEqual(['Ann B.', 'Bea']);
  expect(await missed()).toEqual([HELD]);
});

test('case 72: a copy that is marked again while it is swept is swept once more; a sweep that another left off begins anew', async () => {
  await using settled = await openSettledCopies();
  const { server, feed, look, round, missed, nicks } = settled;
  const { store, friend, friendDb } = server;
  const { round: rounds, missed: marks } = feed.source;
  await marks.mark(store.database, [HELD]);
  const before = (await marks.marks(store.database)).get(HELD) ?? 0n;
  await marks.mark(store.database, [HELD]);
  await marks.swept(store.database, HELD, before);
  expect(await missed()).toEqual([HELD]);
  await look();
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x' WHERE friend_id = 1`);
  const take = () => store.database.transaction('rounds', (tx) => rounds.take(tx, 0));
  await expect.poll(take, { timeout: PATIENCE_MS }).toBeDefined();
  const token = (await take())?.token ?? 0n;
  await rounds.goOn(store.database, token, 0, { leg: `copy ${HELD}`, after: ['4'] }, { rowCount: 2, correctedKeys: 0 });
  await round();
  expect(await nicks('friend')).toEqual(['Ann', 'Bea']);
  expect(await missed()).toEqual([]);
});

test('case 72: the barrier waits for the sweep of a mended copy, and names one that is held', async () => {
  await using settled = await openSettledCopies();
  const { server, look, change, alter, round } = settled;
  const { store } = server;
  await alter('ALTER TABLE DB.friend ENGINE = MyISAM');
  await look();
  await change('Ann B.');
  await drain(server);
  expect(await awaitSweeps(store, waiting(10_000))).toMatchObject([{ source: 'account', copy: HELD }]);
  await alter('ALTER TABLE DB.friend ENGINE = InnoDB');
  await expect(awaitSweeps(store, waiting(300))).rejects.toMatchObject({ kind: 'pipeline_stuck' });
  await look();
  const passed = awaitSweeps(store, waiting(30_000));
  await round();
  expect(await passed).toEqual([]);
});

test('case 72: migrate tells all that is wrong with every target at once, before a mirror is there', async () => {
  const [friend = '', member = ''] = TABLES.friendTables;
  await using server = await openFriendServer({
    ...OPTIONS,
    friendTables: [
      friend
        .replace('nick VARCHAR(64)', 'nick VARCHAR(64) AS (remark)')
        .replace('avatar VARCHAR(255)', 'avatar CHAR(9)'),
      `${member.replace('KEY (user_id)', 'KEY (team_id)').replace('PRIMARY KEY (team_id, user_id)', 'UNIQUE (team_id, user_id)')} ENGINE = MyISAM`,
    ],
    sources: OPTIONS.sources.replace('remark IS NULL', 'remarks IS NULL'),
  });
  const { configuration, user, store, friendDb } = server;
  const nowhere = { ...configuration.settings.target, stateDatabase: `${friendDb}_none` };
  const before = { ...configuration, settings: { ...configuration.settings, target: nowhere } };
  const { problems } = await planMigration(before, user, store.database);
  expect(problems.map((problem) => problem.replace(friendDb, 'db'))).toEqual([
    'db.friend.nick: is a generated column, which nobody can write; map what it is generated from',
    'db.friend.avatar: CHAR drops trailing spaces, so a copy could never be equal; make it VARCHAR',
    expect.stringMatching(/^db\.friend: `where` is refused \(.*remarks.*\); correct it$/),
    expect.stringMatching(/^db\.member: engine MyISAM has no transactions/),
    'db.member: has no primary key; give it one',
    expect.stringMatching(/^db\.member\.user_id: no index begins with it/),
  ]);
  expect((await findHeld(store)).map(({ copy }) => copy)).toEqual([HELD, 'member.user_id']);
});

test('a view as a target is told as that, and not by all that it lacks', async () => {
  await using server = await openFriendServer(TABLES);
  const { store, friend, friendDb } = server;
  await friend.write('by hand', `ALTER TABLE ${friendDb}.friend RENAME TO ${friendDb}.behind`);
  await friend.write('by hand', `CREATE VIEW ${friendDb}.friend AS SELECT * FROM ${friendDb}.behind`);
  const problem = `${friendDb}.friend: is a view, without keys and indexes of its own; map the table behind it`;
  expect(await findHeld(store)).toEqual([{ source: 'account', copy: HELD, problem }]);
});
