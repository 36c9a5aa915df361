import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../secret.ts';
import { ConfigurationError, type ConfigurationIssue } from './issue.ts';
import { loadConfiguration, readConfiguration } from './load.ts';
import type { Environment, RawSettings } from './overlay.ts';

const SOURCES = `sources:
  - name: user
    table: user_db.im_user
    key: id
    copies:
      - table: friend_db.im_friend
        key: friend_id
        set: { friend_nick_name: nick_name, friend_head_img: head_img }
`;

const load = (text: string, env: Environment = {}, overrides: RawSettings = {}) =>
  loadConfiguration({ text, file: 'f.yaml', env, overrides });

function issuesOf(text: string, env: Environment = {}, overrides: RawSettings = {}): readonly ConfigurationIssue[] {
  try {
    load(text, env, overrides);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.issues;
    throw error;
  }
  throw new Error('there was no issue');
}

/** Each issue as its printed line. */
const linesOf = (...input: Parameters<typeof issuesOf>) =>
  new ConfigurationError(issuesOf(...input)).message.split('\n');

test('the file resolves into a mapping', () => {
  const text = `${SOURCES}      - { table: im_group_member, key: user_id, set: { name: nick_name }, where: "quit = 0", watch: [quit] }
    onDelete: { set: { name: gone } }
settings: { target: { database: friend_db } }`;
  const [source] = load(text).mapping.sources;
  expect(source?.columns).toEqual(['head_img', 'nick_name']);
  expect(source?.onDelete).toEqual({ kind: 'replace', set: { name: 'gone' } });
  expect(source?.copies.map(({ id }) => id)).toEqual(['friend_db.im_friend.friend_id', 'im_group_member.user_id']);
  expect(source?.copies[1]).toMatchObject({
    table: { database: 'friend_db', table: 'im_group_member' },
    set: [{ column: 'name', from: 'nick_name' }],
    where: 'quit = 0',
    watch: ['quit'],
    preserve: [],
  });
});

test('the result is frozen to its depth', () => {
  const configuration = load(SOURCES);
  expect(() => Object.assign(configuration.settings.source, { port: 1 })).toThrow(TypeError);
  expect(() => Object.assign(configuration.mapping.sources[0]?.copies[0]?.set ?? {}, { 0: 1 })).toThrow(TypeError);
});

test('overrides win over the environment, that over the file, that over the defaults', () => {
  const text = `${SOURCES}settings: { source: { host: file, user: file, port: 1 } }`;
  const env = { FRIEND_SYNC_SOURCE__USER: 'env', FRIEND_SYNC_SOURCE__PORT: '2' };
  const { source } = load(text, env, { source: { port: 3, host: undefined } }).settings;
  expect(source).toMatchObject({ host: 'file', user: 'env', port: 3, tls: false });
});

test('variables are coerced, and may name a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'friend-sync-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, 's3cret\n');
  const { settings } = load(SOURCES, {
    FRIEND_SYNC_TARGET__PASSWORD_FILE: file,
    FRIEND_SYNC_FAN_OUT__CLAIM_KEYS: '7',
    FRIEND_SYNC_KAFKA__BROKERS: 'a:1, b:2',
    FRIEND_SYNC_KAFKA__TLS: 'true',
    FRIEND_SYNC_CONFIG: 'not a setting',
  });
  expect(settings.target.password.reveal()).toBe('s3cret');
  expect(settings.fanOut.claimKeys).toBe(7);
  expect(settings.kafka).toMatchObject({ brokers: ['a:1', 'b:2'], tls: true });
});

test('overrides may hold a password, as text or as a secret', () => {
  const overrides = { source: { password: 'a' }, target: { password: new Secret('b') } };
  const { source, target } = load(SOURCES, {}, overrides).settings;
  expect([source.password.reveal(), target.password.reveal()]).toEqual(['a', 'b']);
});

test('a section whose settings are all commented out has its defaults', () => {
  expect(load(`${SOURCES}settings:\n  source:\n`).settings.source.port).toBe(3306);
  expect(load(`${SOURCES}settings:\n`).settings.source.port).toBe(3306);
});

test('a missing file is an issue with a remedy', () => {
  expect(() => readConfiguration('/nowhere/f.yaml', {})).toThrow(/^\/nowhere\/f.yaml: there is no such file; name/);
});

test.each([
  ['fanOut', 'leaseMs', 1, 'is not between 1000 and 3600000: a worker would give its keys up before'],
  ['fanOut', 'lockWaitSeconds', 0, 'is not between 1 and 3600: ingest of the same keys waits as long'],
  ['fanOut', 'claimKeys', 1_000_000, 'is not between 1 and 10000: a worker must get through them'],
  ['fanOut', 'workers', 0, 'is not between 1 and 100: each takes a connection'],
  ['kafka', 'sessionTimeoutMs', 100, 'is not between 6000 and 1800000, which is what Kafka takes'],
  ['watch', 'intervalSeconds', 0, 'is not between 1 and 604800 (a week)'],
  // A timer of so many milliseconds would go off every millisecond.
  ['watch', 'intervalSeconds', 2_147_484, 'is not between 1 and 604800 (a week)'],
  ['watch', 'healAfterSeconds', 0, 'is not between 1 and 604800 (a week)'],
  ['patrol', 'intervalSeconds', 2_147_484, 'is not between 1 and 604800 (a week)'],
])('case 81: a limit that makes no sense is refused, and why is said: %s.%s of %s', (section, name, value, why) => {
  const [line = '', ...others] = linesOf(`${SOURCES}settings: { ${section}: { ${name}: ${value} } }`);
  expect(others).toEqual([]);
  expect(line).toContain(`settings.${section}.${name}: ${why}`);
});

test('what is no YAML is told alone; so are single settings and sources, before names that several share', () => {
  const copies = (table: string) => `[{ table: d.${table}, key: k, set: { a: b } }]`;
  const shared = `sources:
  - { name: one, table: u.User, key: id, copies: ${copies('f')} }
  - { name: two, table: u.user, key: id, copies: ${copies('g')} }
`;
  const typo = 'settings: { admin: { port: none } }\n';
  const told = (text: string) => issuesOf(text).map(({ path }) => path);
  expect(told(`${shared}${typo}x: [`)).toEqual(['']);
  expect(told(shared + typo)).toEqual(['settings.admin.port']);
  expect(told(shared)).toEqual(['sources[1].table']);
});

test('every mistake is reported at once, in the order of the file', () => {
  const text = `sources:
  - name: User
    table: im_user
    key: id
    copies:
      - tabel: im_friend
        key: friend_id
        set: { "a.b": nick_name, c: 5 }
        where: ";"
    onDelete: { sett: {} }
settings:
  source: { prot: 1, port: yes please, tls: perhaps }
`;
  expect(linesOf(text, { FRIEND_SYNC_SOURCE__PORTS: '1' })).toEqual([
    'environment: FRIEND_SYNC_SOURCE__PORTS: is no setting; did you mean FRIEND_SYNC_SOURCE__PORT?',
    'f.yaml:2:11: sources[0].name: is no name: a letter, then up to 29 of a-z, 0-9 and _; correct it',
    'f.yaml:3:12: sources[0].table: is not of the form database.table; correct it',
    'f.yaml:6:9: sources[0].copies[0].tabel: is not known; did you mean table?',
    'f.yaml:8:16: sources[0].copies[0].set.a.b: is no column name: at most 64 characters, no ` and no dot, no space at its end; correct it',
    'f.yaml:8:37: sources[0].copies[0].set.c: expected string, received number; correct it',
    'f.yaml:9:16: sources[0].copies[0].where: contains a semicolon; correct it',
    'f.yaml:10:17: sources[0].onDelete.sett: is not known; did you mean set?',
    'f.yaml:12:13: settings.source.prot: is not known; did you mean port?',
    'f.yaml:12:28: settings.source.port: expected number, received string; correct it',
    'f.yaml:12:45: settings.source.tls: is neither true nor false; correct it',
  ]);
});

test.each<[string, string, RegExp]>([
  ['no sources', 'settings: {}', /^f.yaml:1:1: sources: lists no source/],
  ['an empty file', '', /sources: lists no source/],
  ['a misspelt top key', `${SOURCES.replace('sources', 'source')}`, /source: is not known; did you mean sources/],
  ['a missing key', SOURCES.replace('    key: id\n', ''), /^f.yaml:2:5: sources\[0\].key: is missing; add key/],
  ['settings that are a list', `${SOURCES}settings: []`, /settings: is no map of settings/],
  ['a section that is text', `${SOURCES}settings: { source: x }`, /settings.source: is no map of settings/],
  ['an unknown setting', `${SOURCES}settings: { fanout: {} }`, /settings.fanout: is not known; did you mean fanOut/],
  ['half a Kafka login', `${SOURCES}settings: { kafka: { sasl: { username: u } } }`, /sasl.mechanism: is missing; add/],
  [
    'a number as port: true',
    `${SOURCES}settings: { source: { port: true } }`,
    /port: expected number, received boolean/,
  ],
  [
    'a password in an address',
    `${SOURCES}settings: { registry: { url: "http://u:p@h" } }`,
    /contains a user or password/,
  ],
  ['no reference', `${SOURCES}settings: { connect: { sourcePassword: x } }`, /sourcePassword: is no reference/],
  ['no database', SOURCES.replace('friend_db.im_friend', 'im_friend'), /or set settings.target.database/],
  [
    'a mapped foreign key',
    SOURCES.replace('{ friend_nick', '{ friend_id: id, friend_nick'),
    /^f.yaml:8:16: .*foreign key/,
  ],
  [
    'a preserved mapped column',
    `${SOURCES}        preserve: [friend_head_img]`,
    /preserve\[0\]: friend_head_img is a mapped/,
  ],
  ['a watched mapped column', `${SOURCES}        watch: [friend_head_img]`, /watch\[0\]: friend_head_img is a mapped/],
  ['an empty predicate', `${SOURCES}        where: " "`, /where: is empty/],
  [
    'a policy for no copy',
    `${SOURCES}    onDelete: { set: { x: y } }`,
    /^f.yaml:9:24: .*x is a mapped column of no copy/,
  ],
  ['an unknown policy', `${SOURCES}    onDelete: drop`, /onDelete: is neither keep nor/],
  ['a name that is too long', SOURCES.replace('nick_name,', `${'n'.repeat(63)},`), /at most 62 characters/],
  [
    'a listed copy',
    `${SOURCES}      - { table: friend_db.im_friend, key: friend_id, set: { a: b } }`,
    /is listed twice/,
  ],
  [
    'a column of two foreign keys',
    `${SOURCES}      - { table: friend_db.im_friend, key: user_id, set: { friend_head_img: b } }`,
    /another copy sets friend_head_img/,
  ],
  ['an open quote', `${SOURCES}x: "`, /^f.yaml:\d+:\d+: not valid YAML: Missing closing/],
  [
    'a key that is there twice',
    `${SOURCES}settings: {}\nsettings: {}`,
    /^f.yaml:10:1: not valid YAML: Map keys must be unique/,
  ],
  ['an alias of nothing', `${SOURCES}settings: *x`, /^f.yaml:9:11: not valid YAML: the alias has no anchor/],
  ['a tag', `${SOURCES}settings: !env x`, /^f.yaml:9:11: not valid YAML: Unresolved tag/],
])('one mistake is one issue: %s', (_, text, line) => {
  const lines = linesOf(text);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(line);
});

test('a source that is there twice is named twice: by its name and its table', () => {
  expect(issuesOf(SOURCES + SOURCES.replace('sources:\n', '')).map(({ path }) => path)).toEqual([
    'sources[1].name',
    'sources[1].table',
  ]);
});

test('copies with their own predicates may share a column', () => {
  const more = (key: string, where: string) =>
    `      - { table: friend_db.note, key: ${key}, set: { name: nick_name }, where: "${where}" }\n`;
  expect(() => load(SOURCES + more('a', 'kind = 1') + more('b', 'kind = 2'))).not.toThrow();
});

test('an anchor may be used, and what it holds is found in its place', () => {
  const text = `${SOURCES}settings: { source: &s { port: 3307 }, target: *s }`;
  expect(load(text).settings.target.port).toBe(3307);
  expect(linesOf(text.replace('port: 3307', 'port: x'))[1]).toMatch(/^f.yaml:9:32: settings.target.port: expected/);
});

test('a password in the file is refused, through an anchor too, and never printed', () => {
  const text = `${SOURCES}settings: { source: &s { password: hunter2 }, target: *s }`;
  expect(linesOf(text)).toEqual([
    'f.yaml:9:26: settings.source.password: a password does not belong in this file; remove it and set FRIEND_SYNC_SOURCE__PASSWORD or FRIEND_SYNC_SOURCE__PASSWORD_FILE',
    'f.yaml:9:26: settings.target.password: a password does not belong in this file; remove it and set FRIEND_SYNC_TARGET__PASSWORD or FRIEND_SYNC_TARGET__PASSWORD_FILE',
  ]);
});

test.each<[Environment, RegExp]>([
  [
    { FRIEND_SYNC_SOURCE__PORT: 'hunter2' },
    /^environment: FRIEND_SYNC_SOURCE__PORT: expected number, received string; correct/,
  ],
  [{ FRIEND_SYNC_ADMIN__PORT: '' }, /^environment: FRIEND_SYNC_ADMIN__PORT: expected number/],
  [{ FRIEND_SYNC_KAFKA__TLS: 'hunter2' }, /^environment: FRIEND_SYNC_KAFKA__TLS: is neither true nor false/],
  [{ FRIEND_SYNC_KAFKA__BROKERS: 'a,,b' }, /^environment: FRIEND_SYNC_KAFKA__BROKERS: /],
  [{ FRIEND_SYNC_HUNTER__TWO: 'x' }, /^environment: FRIEND_SYNC_HUNTER__TWO: is no setting; correct or unset/],
  [{ FRIEND_SYNC_SOURCE__PASSWORD_FILE: '/hunter2' }, /PASSWORD_FILE: the file it names cannot be read/],
  [{ FRIEND_SYNC_SOURCE__PASSWORD_FILE: '/dev' }, /PASSWORD_FILE: \/dev cannot be read; let this user read it/],
  [{ FRIEND_SYNC_SOURCE__PASSWORD_FILE: '/dev/null' }, /PASSWORD_FILE: \/dev\/null is empty; write the value/],
  [{ FRIEND_SYNC_SOURCE__PASSWORD_FILE: '/x', FRIEND_SYNC_SOURCE__PASSWORD: 'y' }, /PASSWORD is set as well/],
])('a bad variable is named, its value is not: %j', (env, line) => {
  const lines = linesOf(SOURCES, env);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(line);
  expect(lines[0]).not.toContain('hunter2');
});

test('a bad override is the command line’s', () => {
  const overrides = { source: { port: 'x', prot: 1 } };
  expect(issuesOf(SOURCES, {}, overrides).map(({ file, path }) => [file, path])).toEqual([
    ['command line', 'settings.source.port'],
    ['command line', 'settings.source.prot'],
  ]);
});
