import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '@friend-sync/connectors';
import type { Database } from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { hearCommand, runCommand } from '../support/command.ts';
import { COPIED_SCHEMAS, type CopiedSchema, type Rows, VALUE } from '../support/copied-schemas.ts';
import { createSchema } from '../support/friend-server.ts';
import { openRoot } from '../support/root.ts';

/** As people have them who do not expect to write them into a URL. */
const PASSWORD = 'p@ss/w:rd#1';
const suffix = randomBytes(5).toString('hex');
const LOOKER = `looker_${suffix}`;
const servers = { user: inject('userMysql'), friend: inject('friendMysql') };

let roots: Record<'user' | 'friend', Database>;

beforeAll(async () => {
  roots = { user: openRoot(servers.user), friend: openRoot(servers.friend) };
  for (const root of Object.values(roots))
    await root.write('a user', `CREATE USER '${LOOKER}'@'%' IDENTIFIED BY '${PASSWORD}'`);
});
afterAll(async () => {
  for (const root of Object.values(roots)) {
    await root.write('dropping', `DROP USER '${LOOKER}'@'%'`);
    await root[Symbol.asyncDispose]();
  }
});

/** Makes the two databases, which the looker may read, and names them to `init` by its environment. */
async function openDatabases({
  userTables,
  friendTables,
  rows,
}: Pick<CopiedSchema, 'userTables' | 'friendTables' | 'rows'>) {
  const names = { user: `u_${randomBytes(5).toString('hex')}`, friend: `f_${randomBytes(5).toString('hex')}` };
  await createSchema(roots.user, names.user, userTables);
  await createSchema(roots.friend, names.friend, friendTables);
  for (const server of ['user', 'friend'] as const)
    await roots[server].write('a right', `GRANT SELECT ON ${names[server]}.* TO '${LOOKER}'@'%'`);
  for (const some of rows) await roots[some.server].write('rows', insertOf(names[some.server], some));
  const folder = await mkdtemp(join(tmpdir(), 'friend-sync-init-'));
  onTestFinished(async () => {
    await roots.user.write('dropping', `DROP DATABASE ${names.user}`);
    await roots.friend.write('dropping', `DROP DATABASE ${names.friend}`);
    await rm(folder, { recursive: true });
  });
  const urlOf = (server: 'user' | 'friend', password: string) =>
    `mysql://${LOOKER}:${encodeURIComponent(password)}@${servers[server].host}:${servers[server].port}/${names[server]}`;
  return {
    names,
    urlOf,
    configFile: join(folder, 'friend-sync.yaml'),
    env: { FRIEND_SYNC_USER_URL: urlOf('user', PASSWORD), FRIEND_SYNC_FRIEND_URL: urlOf('friend', PASSWORD) },
  };
}

const insertOf = (database: string, { table, count, columns }: Rows) =>
  `INSERT INTO ${database}.${table} (${Object.keys(columns).join()})
   WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
   SELECT ${Object.values(columns).join()} FROM numbers`;

interface Proposed {
  readonly leftOut: readonly {
    readonly table: string;
    readonly set: readonly { readonly column: string }[];
    readonly why: string;
  }[];
}

test.each(Object.entries(COPIED_SCHEMAS))(
  'init proposes of %s what is a copy, and says why of the rest; no value and no password is written or said',
  async (_, schema) => {
    const databases = await openDatabases(schema);
    const { configFile: file, env, names } = databases;
    const { code, data } = await runCommand(databases, 'init');
    expect(code).toBe(0);
    const written = await readFile(file, 'utf8');

    const { mapping, settings } = loadConfiguration({ text: written, file, env: {} });
    const proposed = mapping.sources.flatMap(({ table, key, copies }) =>
      copies.map((copy) => [
        `${copy.table.table}.${copy.key} <- ${table.table}.${key}`,
        Object.fromEntries(copy.set.map(({ column, from }) => [column, from])),
      ]),
    );
    expect(Object.fromEntries(proposed)).toEqual(schema.proposed);
    expect(settings).toMatchObject({ source: servers.user, target: { ...servers.friend, database: names.friend } });
    const leftOut = (data as Proposed).leftOut.flatMap(({ table, set, why }) =>
      set.map(({ column }) => [`${table}.${column}`, why]),
    );
    expect(Object.fromEntries(leftOut)).toEqual(
      Object.fromEntries(Object.entries(schema.leftOut).map(([name, why]) => [name, expect.stringMatching(why)])),
    );
    for (const [, why] of leftOut) expect(written).toContain(`#   ${why}`);
    for (const line of schema.lines ?? []) expect(written).toMatch(line);

    const everything = `${written}${JSON.stringify(data)}`;
    for (const secret of [VALUE, PASSWORD, encodeURIComponent(PASSWORD)]) expect(everything).not.toContain(secret);

    const root = { FRIEND_SYNC_SOURCE__USER: 'root', FRIEND_SYNC_TARGET__USER: 'root' };
    expect(await runCommand({ configFile: file, env: { ...env, ...root } }, 'migrate')).toMatchObject({
      code: 0,
      data: { problems: [] },
    });
  },
);

const IM = COPIED_SCHEMAS['an IM'] as CopiedSchema;

test('init overwrites no file, and says what comes after it', async () => {
  const databases = await openDatabases({ ...IM, rows: [] });
  const first = await hearCommand(databases, 'init');
  expect(first.code).toBe(0);
  const steps = ['up', 'start'];
  for (const step of steps) expect(first.told).toContain(`friend-sync --config ${databases.configFile} ${step}: `);
  await writeFile(databases.configFile, 'mine');
  const second = await hearCommand(databases, 'init');
  expect(second).toEqual({
    code: 78,
    told: expect.stringContaining(`${databases.configFile}: there is such a file already; `),
  });
  expect(await readFile(databases.configFile, 'utf8')).toBe('mine');
});

test('case 83: init tells of a server that it cannot read by its name, without the password, and writes nothing', async () => {
  const databases = await openDatabases({ ...IM, rows: [] });
  const { configFile, env, urlOf } = databases;
  const trying = (more: Readonly<Record<string, string>>) =>
    hearCommand({ configFile, env: { ...env, ...more } }, 'init');
  const rejected = await trying({ FRIEND_SYNC_FRIEND_URL: urlOf('friend', `${PASSWORD}x`) });
  expect(rejected.told).toMatch(/the friend database refuses: .* has rejected the user looker_/);
  expect(rejected.told).toMatch(/check --user-url and --friend-url/);
  const away = await trying({ FRIEND_SYNC_USER_URL: 'mysql://me:hunter2@127.0.0.1:1/d' });
  expect(away).toEqual({ code: 75, told: expect.stringContaining('the user database: ') });
  const missing = await trying({ FRIEND_SYNC_USER_URL: urlOf('user', PASSWORD).replace(/\w+$/, 'nowhere') });
  expect(missing).toEqual({ code: 1, told: expect.stringContaining('no table of nowhere can be seen') });
  const malformed = await hearCommand({ configFile, env }, 'init', '--user-url', `mysql://me:${PASSWORD}@127.0.0.1/d`);
  expect(malformed).toEqual({ code: 2, told: expect.stringMatching(/^error: --user-url .* is not of the form/) });
  for (const { told } of [rejected, away, missing, malformed]) expect(told).not.toMatch(/p@ss|p%40ss|hunter2/);
  expect(existsSync(configFile)).toBe(false);
});

test('where nothing looks like a copy, init writes nothing and says what it has considered', async () => {
  const databases = await openDatabases({
    userTables: ['CREATE TABLE users (id BIGINT PRIMARY KEY, name VARCHAR(50))'],
    friendTables: ['CREATE TABLE notes (id BIGINT PRIMARY KEY, user_id BIGINT, user_name VARCHAR(50))'],
    rows: [],
  });
  const { code, told } = await hearCommand(databases, 'init');
  expect(told).toMatch(/left out: notes.user_name by user_id, of \S+\.users: .*no index begins with it; ALTER TABLE/);
  expect(told).toMatch(/nothing was written/);
  expect(code).toBe(1);
  expect(existsSync(databases.configFile)).toBe(false);
});
