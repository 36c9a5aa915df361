import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Patient, type Statement, type Told } from '../support/patient.ts';

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.open();
  return () => patient[Symbol.asyncDispose]();
});

test('case 83: on a healthy system doctor finds nothing but notes', async () => {
  await patient.expectFound([]);
});

/** Variable, ill, well, told of the user server. */
const SETTINGS: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'binlog_format',
    'MIXED',
    'ROW',
    /^error: user database .*, binlog_format: .* is MIXED .*SET PERSIST binlog_format = 'ROW'/,
  ],
  [
    'binlog_row_image',
    'MINIMAL',
    'FULL',
    /^error: user database .*, binlog_row_image: .* is MINIMAL .*SET PERSIST binlog_row_image = 'FULL'/,
  ],
  [
    'binlog_row_value_options',
    'PARTIAL_JSON',
    "''",
    /^error: user database .*, binlog_row_value_options: .*PARTIAL_JSON.*SET GLOBAL binlog_row_value_options = ''/,
  ],
  ['gtid_mode', 'ON_PERMISSIVE', 'ON', /^error: user database .*, gtid_mode: .* is ON_PERMISSIVE .*then gtid_mode/],
  ['server_id', '0', '1', /^error: user database .*, server_id: .*is 0 .*SET PERSIST server_id = 1;/],
  [
    'binlog_expire_logs_seconds',
    '3600',
    '2592000',
    /^warning: user database .*, binlog_expire_logs_seconds: .*is 3600.*SET PERSIST binlog_expire_logs_seconds = 604800;/,
  ],
  [
    'source_verify_checksum',
    'OFF',
    'ON',
    /^warning: user database .*source_verify_checksum is OFF .*SET PERSIST source_verify_checksum = 'ON';/,
  ],
  [
    'binlog_checksum',
    'NONE',
    'CRC32',
    /^warning: user database .*binlog_checksum is NONE .*SET PERSIST binlog_checksum = 'CRC32';/,
  ],
  ['sync_binlog', '0', '1', /^warning: user database .*sync_binlog is 0 .*SET PERSIST sync_binlog = 1;/],
];

test.each(SETTINGS)('case 83: doctor finds %s = %s of the user server', async (name, ill, well, told) => {
  await patient.run(['user', `SET GLOBAL ${name} = ${ill}`]);
  try {
    await patient.expectFound([told]);
  } finally {
    await patient.run(['user', `SET GLOBAL ${name} = ${well}`]);
  }
});

test.each([
  ['binlog_row_image', 'NOBLOB', 'FULL', /^error: friend database .*binlog_row_image is NOBLOB/],
  ['source_verify_checksum', 'OFF', 'ON', /^warning: friend database .*source_verify_checksum is OFF/],
  ['innodb_flush_log_at_trx_commit', '2', '1', /^warning: friend database .*innodb_flush_log_at_trx_commit is 2/],
  ['read_only', 'ON', 'OFF', /^error: friend database .*read_only is ON .*SET PERSIST read_only = 0/],
])('case 83: doctor finds %s = %s of the friend server', async (name, ill, well, told) => {
  await patient.run(['friend', `SET GLOBAL ${name} = ${ill}`]);
  try {
    await patient.expectFound([told]);
  } finally {
    await patient.run(['friend', `SET GLOBAL ${name} = ${well}`]);
  }
});

test('case 83: settings of the friend server that late copies need are nobody’s trouble without them', async () => {
  const { settings } = patient.configuration;
  const without = {
    ...patient.configuration,
    settings: { ...settings, lateCopies: { ...settings.lateCopies, enabled: false } },
  };
  await patient.run(['friend', 'SET GLOBAL binlog_row_image = NOBLOB']);
  try {
    await patient.expectFound([], without);
  } finally {
    await patient.run(['friend', 'SET GLOBAL binlog_row_image = FULL']);
  }
});

test('case 83: doctor finds that the clocks differ', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  try {
    await patient.expectFound([
      /^warning: user database .*, its clock: it is (3599|3600|3601) s ahead of/,
      /^warning: friend database .*, its clock: it is (3599|3600|3601) s ahead of/,
    ]);
  } finally {
    vi.useRealTimers();
  }
});

describe('rights', () => {
  afterEach(() => patient.healRights());

  test.each<readonly [string, Statement, Told]>([
    [
      'a mapped column that may not be read',
      ['user', 'REVOKE SELECT (nick) ON USER.account FROM READER'],
      [
        /^error: user database .*, user READER: lacks SELECT \(`id`, `avatar`, `nick`\) ON `USER`\.`account` \| GRANT SELECT \(.*\) ON `USER`\.`account` TO READER;/,
        /^error: USER\.account\.nick: no SELECT on it \| see friend-sync grants/,
      ],
    ],
    [
      'REFERENCES that is missing',
      ['user', 'REVOKE REFERENCES ON USER.account FROM READER'],
      [/^error: .*lacks REFERENCES ON `USER`\.`account` \| GRANT REFERENCES/],
    ],
    [
      'a user that may not replicate',
      ['user', 'REVOKE REPLICATION SLAVE ON *.* FROM READER'],
      [/^error: .*lacks REPLICATION SLAVE ON \*\.\* \| GRANT REPLICATION SLAVE ON \*\.\* TO READER;/],
    ],
    [
      'a user that may not ask for the binary log',
      ['user', 'REVOKE REPLICATION CLIENT ON *.* FROM READER'],
      [/^error: .*lacks REPLICATION CLIENT ON/],
    ],
    [
      'a copy that may not be written',
      ['friend', 'REVOKE UPDATE (nick) ON FRIEND.member FROM WRITER'],
      [
        /^error: friend database .*lacks UPDATE \(`nick`\) ON `FRIEND`\.`member` \| GRANT UPDATE \(`nick`\)/,
        /^error: FRIEND\.member\.nick: no UPDATE on it/,
      ],
    ],
    [
      'our own schema without a right',
      ['friend', 'REVOKE ALTER ON `STATE_PATTERN`.* FROM WRITER'],
      [/^error: .*lacks ALL ON `sync.*`\.\* \| GRANT ALL ON/],
    ],
    [
      'a column that is read and not mapped',
      ['user', 'GRANT SELECT (phone) ON USER.account TO READER'],
      [
        /^warning: .*has SELECT \(`phone`\) on `USER`\.`account`.*\| REVOKE SELECT \(`phone`\) ON `USER`\.`account` FROM READER;$/,
      ],
    ],
    [
      'a table that is not mapped',
      ['user', 'GRANT SELECT, INSERT ON USER.other TO READER'],
      [/^warning: .*\| REVOKE SELECT, INSERT ON `USER`\.`other` FROM READER;$/],
    ],
    [
      'a whole table instead of its columns',
      ['user', 'GRANT SELECT ON USER.account TO READER'],
      [
        /^warning: .*\| REVOKE SELECT ON `USER`\.`account` FROM READER; then run once more what friend-sync grants prints/,
      ],
    ],
    [
      'a source that may be written',
      ['user', 'GRANT UPDATE (nick) ON USER.account TO READER'],
      [/^warning: .*\| REVOKE UPDATE \(`nick`\) ON `USER`\.`account`/],
    ],
    [
      'a schema that may be read',
      ['user', 'GRANT SELECT ON USER.* TO READER'],
      [/^warning: .*\| REVOKE SELECT ON `USER`\.\* FROM READER; then/],
    ],
    [
      'copies that may be deleted',
      ['friend', 'GRANT DELETE ON FRIEND.friend TO WRITER'],
      [/^warning: friend database .*\| REVOKE DELETE ON `FRIEND`\.`friend` FROM WRITER;$/],
    ],
    [
      'a right on the whole server',
      ['friend', 'GRANT PROCESS ON *.* TO WRITER'],
      [/^warning: .*\| REVOKE PROCESS ON \*\.\* FROM WRITER;$/],
    ],
    [
      'an administrator',
      ['friend', 'GRANT ALL ON *.* TO WRITER'],
      [/^warning: .*user WRITER: is an administrator \| make a user of its own/],
    ],
  ])('case 83: doctor finds %s', async (_name, ill, told) => {
    await patient.run(ill);
    await patient.expectFound(told);
  });

  test('case 83: of a user whose rights come by a role doctor says nothing that it cannot see', async () => {
    await patient.run(
      ['user', 'CREATE ROLE IF NOT EXISTS readers'],
      ['user', 'GRANT SELECT (id, nick, avatar), REFERENCES ON USER.account TO readers'],
      ['user', 'REVOKE SELECT (id, nick, avatar), REFERENCES ON USER.account FROM READER'],
      ['user', 'GRANT readers TO READER'],
      ['user', 'SET DEFAULT ROLE readers TO READER'],
    );
    await patient.expectFound([]);
  });

  test('case 83: doctor tells a wrong password from a server that is away, and looks at the rest', async () => {
    await patient.run(['friend', "ALTER USER WRITER IDENTIFIED BY 'another'"], ['user', 'SET GLOBAL sync_binlog = 0']);
    const { found } = await patient.examine();
    await patient.run(['user', 'SET GLOBAL sync_binlog = 1']);
    expect(found).toMatchObject([
      { severity: 'error', isTemporary: false, mend: expect.stringContaining('correct FRIEND_SYNC_TARGET__PASSWORD') },
      { severity: 'warning', part: expect.stringContaining('sync_binlog') },
    ]);
  });
});

test('case 83: doctor finds a GTID set with numbers far ahead', async () => {
  await patient.run([
    'user',
    "SET gtid_next = '11111111-2222-3333-4444-555555555555:5000000000'; BEGIN; COMMIT; SET gtid_next = 'AUTOMATIC'",
  ]);
  await patient.expectFound([/^warning: user database .*, gtid_executed: 11111111-.*:5000000000 lies far ahead/]);
});
