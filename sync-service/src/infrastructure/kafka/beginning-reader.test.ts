import { expect, test } from 'vitest';
import { TopicsInMemory } from '../../../../test/support/topics-in-memory.ts';
import { BeginningReader } from './beginning-reader.ts';

const begun = (gtids: string) => ({ position: { gtids, snapshot: 'INITIAL' }, ddl: 'CREATE TABLE t (id INT)' });
const ddl = (gtids: string) => ({ position: { gtids }, ddl: 'ALTER TABLE t ADD x INT' });

test('the last record that was written at a beginning tells where that was; another topic tells its own', async () => {
  const log = new TopicsInMemory();
  Object.assign(log.topics, { a: [begun('u:1-3'), begun('u:1-3'), ddl('u:1-7'), null], b: [ddl('u:1-2')] });
  const reader = new BeginningReader(log);
  expect(await reader.read('a')).toBe('u:1-3');
  log.topics.a?.push(begun('u:1-9'), ddl('u:1-12'));
  expect(await reader.read('a')).toBe('u:1-9');
  expect(await reader.read('b')).toBe(undefined);
});

test('case 61: a topic that was deleted and created again, as long as before, is read anew', async () => {
  const log = new TopicsInMemory();
  log.topics.a = [begun('u:1-3'), ddl('u:1-5')];
  const reader = new BeginningReader(log);
  expect(await reader.read('a')).toBe('u:1-3');
  log.topics.a = [begun('u:1-9'), ddl('u:1-10')];
  expect(await reader.read('a')).toBe('u:1-9');
  expect(await reader.read('a')).toBe('u:1-9');
  expect(log.reads).toEqual([2, 2]);
});
