import { expect, test } from 'vitest';
import { changeTopic } from '../source-connector/topics.ts';
import { ConfigurationError } from './issue.ts';
import { loadConfiguration } from './load.ts';
import type { RawSettings } from './overlay.ts';

const load = (tables: readonly string[], overrides: RawSettings = {}, columns = 'b') =>
  loadConfiguration({
    text: JSON.stringify({
      sources: tables.map((table, i) => ({
        name: `s${i}`,
        table,
        key: 'id',
        copies: [
          { table: `d.t${i}`, key: 'fk', set: Object.fromEntries(columns.split(' ').map((c, n) => [`c${n}`, c])) },
        ],
      })),
    }),
    file: 'f.yaml',
    env: {},
    overrides: { ...overrides },
  });

function problemOf(...input: Parameters<typeof load>): string {
  try {
    load(...input);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return '';
}

test.each([
  ['u.im$user', 'u.im_user'],
  ['u.昵称', 'u.头像'],
  ['u.User', 'u.user'],
  // Kafka refuses a topic that differs from another by dot and underscore alone.
  ['a_b.c', 'a.b_c'],
  ['u.360_user', 'u._360_user'],
])('case 93: tables that would share a topic are refused, both named: %s and %s', (one, other) => {
  const problem = problemOf([one, other]);
  expect(problem).toContain(`of ${other} cannot be beside`);
  expect(problem).toContain(`of ${one}; map one of the two tables in a system of its own`);
});

test('case 93: a target table whose topic is that of another, or of a source, is refused', () => {
  expect(problemOf(['d.t0', 'u.b'], { lateCopies: { topicPrefix: 'friend-sync' } })).toMatch(
    /the topic friend-sync\.d\.t0 of d\.t0 cannot be beside friend-sync\.d\.t0 of d\.t0; give settings\.lateCopies\.topicPrefix/,
  );
  expect(problemOf(['d.t0'], { lateCopies: { topicPrefix: 'friend-sync', enabled: false } })).toBe('');
});

test('case 93: columns that no way of writing tells apart are refused, those of one that does are not', () => {
  expect(problemOf(['u.a'], {}, '昵称 头像 nick-name nick_name')).toBe('');
  expect(problemOf(['u.a'], {}, '昵称 头像 ģ4 ሴ')).toMatch(/two cannot be told apart in Avro; leave one of them out/);
});

test.each(['u.a ', 'u .a', 'u.🍣', 'u.a`b', 'u.a\tb'])('%j is no name of a table', (table) => {
  expect(problemOf([table])).toMatch(/table: is not of the form database\.table/);
});

test.each([
  ['2024.x', ''],
  ['a.2024', 'begins with a digit'],
  ['a..b', 'is empty'],
])('topics may begin with %s: %s', (topicPrefix, problem) => {
  expect(problemOf(['u.a'], { kafka: { topicPrefix } })).toContain(problem);
});

test('case 93: every character that MySQL allows in a table’s name makes a topic that Kafka allows, and schemas that Avro does', () => {
  const { settings, mapping } = load(['u.t']);
  const [source] = mapping.sources;
  for (let code = 0x20; code <= 0xffff && source; code++) {
    const name = String.fromCharCode(code);
    if (/[`.\p{Cc}\p{Cs}]/u.test(name)) continue;
    const topic = changeTopic(settings, { ...source, table: { database: name, table: `${name}1` } });
    if (!/^friend-sync(\.[A-Za-z_-][A-Za-z0-9_-]*){2}$/.test(topic)) expect(topic).toBe(name);
  }
});
