import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Patient, type Statement, type Told } from '../support/patient.ts';

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.open();
  return () => patient[Symbol.asyncDispose]();
});

test('case 83: a server that is away is one finding by its name, and may be tried again; the rest is looked at', async () => {
  const { settings } = patient.configuration;
  const unreachable = { ...patient.configuration, settings: { ...settings, source: { ...settings.source, port: 1 } } };
  await patient.run(['friend', 'ALTER TABLE FRIEND.member ENGINE = MyISAM']);
  const { found } = await patient.examine(unreachable);
  await patient.healTables();
  expect(found).toMatchObject([
    { part: 'user database 127.0.0.1:1', isTemporary: true, what: expect.stringContaining('ECONNREFUSED') },
    { part: expect.stringContaining('.member'), what: expect.stringContaining('MyISAM') },
  ]);
});

describe('tables', () => {
  afterEach(() => patient.healTables());

  test.each<readonly [string, Statement, Told]>([
    [
      'a source table that is gone',
      ['user', 'RENAME TABLE USER.account TO USER.former'],
      [/^error: USER\.account: no such table/],
    ],
    [
      'a view in its place',
      ['user', 'RENAME TABLE USER.account TO USER.former; CREATE VIEW USER.account AS SELECT * FROM USER.former'],
      [/^error: USER\.account: is a view \| map the table/],
    ],
    [
      'a mapped column that is gone',
      ['user', 'ALTER TABLE USER.account RENAME COLUMN avatar TO picture'],
      [/^error: USER\.account\.avatar: no such column/],
    ],
    [
      'a mapped column of another type',
      ['user', 'ALTER TABLE USER.account MODIFY nick BIGINT'],
      [
        /^error: USER\.account\.nick: is bigint now \| change it back, or run friend-sync migrate/,
        /^warning: .*migrate/,
      ],
    ],
    [
      'a key that is not the primary key',
      ['user', 'ALTER TABLE USER.account DROP PRIMARY KEY, ADD PRIMARY KEY (phone), ADD UNIQUE (id)'],
      [/^error: USER\.account\.id: must be the primary key, which is \(phone\) \| map phone as the key/],
    ],
    [
      'a source that other rows delete',
      [
        'user',
        'ALTER TABLE USER.account ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES USER.account (id) ON DELETE CASCADE',
      ],
      [/^warning: USER\.account\.parent: the foreign key up changes its rows \(ON DELETE CASCADE/],
    ],
    [
      'a foreign key without an index',
      ['friend', 'ALTER TABLE FRIEND.friend DROP INDEX friend_id'],
      [/^error: FRIEND\.friend\.friend_id: no index begins with it \| ALTER TABLE `FRIEND`\.`friend` ADD INDEX/],
    ],
    [
      'a table without transactions',
      ['friend', 'ALTER TABLE FRIEND.friend ENGINE = MyISAM'],
      [/^error: FRIEND\.friend: engine MyISAM .* \| ALTER TABLE `FRIEND`\.`friend` ENGINE = InnoDB/],
    ],
    [
      'a table without a primary key',
      ['friend', 'ALTER TABLE FRIEND.member DROP PRIMARY KEY'],
      [/^error: FRIEND\.member: has no primary key/],
    ],
    [
      'a copy in CHAR',
      ['friend', 'ALTER TABLE FRIEND.friend MODIFY nick CHAR(64)'],
      [/^error: FRIEND\.friend\.nick: CHAR drops trailing spaces.* \| make it VARCHAR/],
    ],
    [
      'a copy in another character set',
      ['friend', 'ALTER TABLE FRIEND.friend MODIFY nick VARCHAR(64) CHARACTER SET latin1'],
      [/^error: FRIEND\.friend\.nick: character set latin1/],
    ],
    [
      'a copy that is a date',
      ['friend', 'ALTER TABLE FRIEND.friend MODIFY nick DATE'],
      [/^error: FRIEND\.friend\.nick: date would change values/],
    ],
    [
      'a copy that is generated',
      ['friend', "ALTER TABLE FRIEND.friend DROP COLUMN nick, ADD COLUMN nick VARCHAR(64) AS ('x')"],
      [/^error: FRIEND\.friend\.nick: is a generated column/],
    ],
    [
      'a copy that is gone',
      ['friend', 'ALTER TABLE FRIEND.friend DROP COLUMN nick'],
      [/^error: FRIEND\.friend\.nick: no such column/],
    ],
    [
      'a foreign key of another type',
      ['friend', 'ALTER TABLE FRIEND.member MODIFY user_id VARCHAR(40)'],
      [/^error: FRIEND\.member\.user_id: varchar\(40\) cannot hold the source's integer key/],
    ],
    [
      'a view in place of a target',
      [
        'friend',
        'RENAME TABLE FRIEND.member TO FRIEND.former; CREATE VIEW FRIEND.member AS SELECT * FROM FRIEND.former',
      ],
      [/^error: FRIEND\.member: is a view/],
    ],
    ['a target that is gone', ['friend', 'DROP TABLE FRIEND.member'], [/^error: FRIEND\.member: no such table/]],
    [
      'copies that a cascade re-points',
      [
        'friend',
        'CREATE TABLE FRIEND.person (id BIGINT PRIMARY KEY); ALTER TABLE FRIEND.friend ADD CONSTRAINT whose FOREIGN KEY (friend_id) REFERENCES FRIEND.person (id) ON UPDATE CASCADE',
      ],
      [/^warning: FRIEND\.friend\.friend_id: the foreign key whose changes its rows/],
    ],
  ])('case 83: doctor finds %s', async (_name, ill, told) => {
    await patient.run(ill);
    await patient.expectFound(told);
  });

  test('case 83: what is allowed and may surprise is a note', async () => {
    await patient.run([
      'friend',
      'ALTER TABLE FRIEND.friend ADD COLUMN touched TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
    ]);
    const { all, found } = await patient.examine();
    expect(found).toEqual([]);
    const notes = all.filter(({ severity }) => severity === 'note').map(({ part, what }) => `${part}: ${what}`);
    expect(notes).toContainEqual(expect.stringMatching(/\.friend\.touched: changes with every copy that is written$/));
    expect(notes).toContainEqual(expect.stringMatching(/^daemons: none runs/));
  });

  test('case 83: doctor finds a source that is kept out of the binary log', async () => {
    const { mapping } = patient.configuration;
    const sources = mapping.sources.map((source) => ({ ...source, table: { database: 'unlogged', table: 'account' } }));
    await patient.expectFound(
      [
        /^error: unlogged\.account: binlog_ignore_db keeps it out of the binary log \| take binlog_ignore_db out/,
        /^error: unlogged\.account: no such table/,
        // Nothing is granted there either.
        /^error: .*lacks (SELECT|REFERENCES).* ON `unlogged`\.`account`/,
        /^warning: .*has REFERENCES, SELECT .* on `USER`\.`account`/,
      ],
      { ...patient.configuration, mapping: { sources } },
    );
  });

  test('case 83: doctor finds a predicate that its table refuses', async () => {
    const { mapping } = patient.configuration;
    const sources = mapping.sources.map((source) => ({
      ...source,
      copies: source.copies.map((copy) => ({ ...copy, where: 'quit = 0' })),
    }));
    await patient.expectFound(
      [
        /^error: FRIEND\.friend: `where` is refused .*quit.*\| correct it/,
        /^error: FRIEND\.member: `where` is refused/,
      ],
      {
        ...patient.configuration,
        mapping: { sources },
      },
    );
  });
});

describe('our own tables', () => {
  afterEach(() => patient.healStore());

  const daemon = (condition: object) =>
    `INSERT INTO STATE.daemon (id, \`condition\`) VALUES (1, '${JSON.stringify(condition)}')`;
  const trouble = {
    kind: 'daemon_outdated',
    directive: 'halt',
    problem: 'restart this daemon: the mirror has a new column',
    hint: 'restart this daemon',
    since: '',
    isNote: false,
  };

  test.each<readonly [string, Statement, Told]>([
    [
      'a mirror that lacks a column',
      ['friend', 'ALTER TABLE STATE.mirror_account DROP COLUMN v_avatar, DROP COLUMN u_avatar'],
      [
        /^error: friend database, our tables in STATE: source account: its mirror is missing or lacks a column; run friend-sync migrate --execute/,
      ],
    ],
    [
      'tables of an older version',
      ['friend', 'DELETE FROM STATE.__drizzle_migrations ORDER BY created_at DESC LIMIT 1'],
      [/^error: .*missing or those of an older version; run friend-sync migrate --execute/],
    ],
    [
      'tables of a newer version',
      ['friend', "INSERT INTO STATE.__drizzle_migrations (hash, created_at) VALUES ('x', 2000000000000)"],
      [/^error: .*a later version of friend-sync than this one has migrated them \| install that version/],
    ],
    [
      'a daemon of an older version',
      ['friend', 'INSERT INTO STATE.daemon (id) VALUES (1)'],
      [/^warning: daemons: one of an older version runs.* \| restart it/],
    ],
    [
      'a daemon that is older than the tables',
      ['friend', daemon({ state: 'consuming', troubles: [{ ...trouble, part: 'source account' }] })],
      [/^error: daemon, source account: restart this daemon: the mirror has a new column \| restart this daemon/],
    ],
    [
      'daemons that do not read',
      ['friend', daemon({ state: 'joining', troubles: [] })],
      [/^warning: Kafka, consumer group friend-sync: no daemon reads the topics: joining/],
    ],
    [
      'a history that is lost',
      [
        'friend',
        "INSERT INTO STATE.server_state (server, gtid_executed, history_lost) VALUES ('account', '', 'the user database was set back')",
      ],
      [/^error: source account: .*the user database was set back; .*\| .*friend-sync epoch new/],
    ],
  ])('case 83: doctor finds %s', async (_name, ill, told) => {
    await patient.run(ill);
    await patient.expectFound(told);
  });

  test('case 83: doctor finds that fan-out is paused', async () => {
    const { store } = patient.server;
    await store.pause.pause(store.database);
    await patient.expectFound([/^warning: fan-out: somebody has paused it at .* UTC \| friend-sync resume/]);
  });

  test('case 83: doctor finds that a source has become wider than its mirror', async () => {
    await patient.run(['user', 'ALTER TABLE USER.account MODIFY nick VARCHAR(200)']);
    await patient.expectFound([
      /^warning: .*the mirrors are behind .*MODIFY COLUMN `v_nick` varchar\(200\).* \| friend-sync migrate --execute/,
    ]);
    await patient.healTables();
  });
});
