import { expect, test } from 'vitest';
import { TopicsInMemory } from '../../../../test/support/topics-in-memory.ts';
import { PictureReader } from './picture-reader.ts';

const columns = (...names: string[]) =>
  names.map((name, i) => ({
    name,
    typeName: 'INT',
    jdbcType: 4,
    charsetName: null,
    position: i + 1,
    optional: true,
  }));
const created = (id: string, ...names: string[]) => ({
  tableChanges: [{ type: 'CREATE', id, table: { columns: columns(...names).reverse() } }],
});
const renamed = (previousId: string, id: string, ...names: string[]) => ({
  tableChanges: [{ type: 'ALTER', id, previousId, table: { columns: columns(...names) } }],
});

/** Schema histories by topic, and how many of their records were read. */
function openHistories(table = 't') {
  const log = new TopicsInMemory();
  const { topics, reads } = log;
  const reader = new PictureReader(log, { database: 'd', table });
  return { topics, reads, names: async (topic = 'a') => (await reader.read(topic))?.map(({ name }) => name) };
}

test('the last record about the table rules, and only new ones are read', async () => {
  const { topics, reads, names } = openHistories();
  topics.a = [created('"d"."t"', 'x', 'y'), created('"d"."other"', 'z'), { ddl: 'a DDL without effect' }];
  expect(await names()).toEqual(['x', 'y']);
  expect(await names()).toEqual(['x', 'y']);
  topics.a.push(created('"d"."t"', 'y'));
  expect(await names()).toEqual(['y']);
  expect(reads).toEqual([3, 1]);
});

test('a table that another one is renamed to is that one; one that is dropped or renamed away is unknown', async () => {
  const { topics, names } = openHistories();
  const history = [created('"d"."t"', 'x'), renamed('"d"."beside"', '"d"."t"', 'z')];
  topics.a = history;
  expect(await names()).toEqual(['z']);
  history.push(renamed('"d"."t"', '"e"."t"', 'z'));
  await expect(names()).rejects.toThrow();
  expect(await names()).toBe(undefined);
  history.push(created('"d"."t"', 'x'), { tableChanges: [{ type: 'DROP', id: '"d"."t"', table: null }] } as never);
  await expect(names()).rejects.toThrow();
  expect(await names()).toBe(undefined);
});

test('a history that does not have the table yet tells nothing while it is being written', async () => {
  const { topics, names } = openHistories();
  await expect(names()).rejects.toMatchObject({ kind: 'connector_failed' });
  topics.a = [created('"d"."another"', 'z')];
  await expect(names()).rejects.toMatchObject({ kind: 'connector_failed' });
  expect(await names()).toBe(undefined);
});

test('another topic, or a log that is shorter than before, is read from its beginning', async () => {
  const { topics, names } = openHistories();
  topics.a = [created('"d"."t"', 'x'), created('"d"."t"', 'y')];
  topics.b = [created('"d"."t"', 'z')];
  expect(await names('a')).toEqual(['y']);
  expect(await names('b')).toEqual(['z']);
  topics.b = [];
  await expect(names('b')).rejects.toThrow();
});

test.each([
  ['we"ird', '"d"."we""ird"'],
  ['ends "so"', '"d".ends "so"'],
  ['用户', '"d"."用户"'],
])('the name %s is written %s', async (name, id) => {
  const { topics, names } = openHistories(name);
  topics.a = [created(id, 'x')];
  expect(await names()).toEqual(['x']);
});
