import { sourceConnectorName } from '@friend-sync/connectors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { type WatchedTables, watchSourceTables } from '../support/watched-tables.ts';

const SOON = { timeout: PATIENCE_MS, interval: 50 };
const NAMES = ['changed', 'modified', 'converted', 'swapped', 'renamed', 'untouched'];

let pipeline: Pipeline;
let watched: WatchedTables;

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      userTables: NAMES.map(
        (name) =>
          `CREATE TABLE ${name} (id BIGINT PRIMARY KEY, nick VARCHAR(60), bio VARCHAR(60), avatar VARCHAR(250))`,
      ),
      friendTables: NAMES.map(
        (name) => `CREATE TABLE ${name} (n INT PRIMARY KEY, friend_id BIGINT, nick VARCHAR(60), KEY (friend_id))`,
      ),
      sources: NAMES.map(
        (name) => `
  - { name: ${name}, table: USER.${name}, key: id, copies: [{ table: ${name}, key: friend_id, set: { nick: nick } }] }`,
      ).join(''),
    },
    // A table that the connector may not see at its start stays unknown to it.
    async ({ user, userDb }) => {
      await user.write(
        'a table beside',
        `CREATE TABLE ${userDb}.beside (id BIGINT PRIMARY KEY, bio VARCHAR(60), nick VARCHAR(60), avatar VARCHAR(250))`,
      );
    },
  );
  watched = await watchSourceTables(pipeline);
});
afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
  await pipeline?.[Symbol.asyncDispose]();
});

/** In its own database: what DEFAULT means as a charset depends on it. */
const change = (sql: string) => pipeline.user.rows('a change', `USE DB; ${sql}`.replaceAll('DB', pipeline.userDb));

test('case 92: a source whose only mapped column is renamed is told by name and held alone; named back, it goes on', async () => {
  const { watch, health, told } = watched;
  await change('ALTER TABLE DB.renamed RENAME COLUMN nick TO name');
  await expect.poll(() => health.troubles, SOON).toMatchObject([{ part: 'table of renamed', kind: 'contract_broken' }]);
  expect(() => watch.check('renamed')).toThrow(/renamed\.nick: no such column/);
  for (const name of NAMES.filter((n) => n !== 'renamed')) watch.check(name);
  await change('ALTER TABLE DB.renamed RENAME COLUMN name TO nick');
  await expect.poll(() => health.troubles, SOON).toEqual([]);
  watch.check('renamed');
  expect(told('renamed')).toEqual([
    ['nick', 'name'],
    ['name', 'nick'],
  ]);
});

test.each([
  ['changed', 'gbk', ['TABLE DB.changed DEFAULT CHARACTER SET gbk', 'TABLE DB.changed CHANGE nick nick VARCHAR(60)']],
  ['modified', 'ucs2', ['TABLE DB.modified MODIFY nick VARCHAR(60) UNICODE']],
  ['converted', 'gbk', ['DATABASE DB CHARACTER SET gbk', 'TABLE DB.converted CONVERT TO CHARACTER SET DEFAULT']],
])('case 87: a charset of which the connector does not learn is told: %s', async (name, charset, alters) => {
  const { told } = watched;
  for (const alter of alters) await change(`ALTER ${alter}`);
  await expect
    .poll(() => told(name), SOON)
    .toEqual([
      name === 'converted' ? ['nick', 'bio', 'avatar'] : ['nick'],
      [`column nick is text in ${charset}, the connector reads text in utf8mb4`],
    ]);
  await change(`ALTER TABLE DB.${name} MODIFY nick VARCHAR(60) CHARACTER SET utf8mb4`);
  await expect.poll(() => told(name).slice(2), SOON).toEqual([['nick'], 'right']);
});

test('case 85: a table that the connector does not know and that takes the place of a mapped one is told', async () => {
  const { operations, configuration } = pipeline;
  const connector = sourceConnectorName(configuration.settings, { name: 'swapped' });
  await operations.connect.restart(connector, { onlyFailed: false });
  await operations.applyConnectors(60_000);
  await change('RENAME TABLE DB.swapped TO DB.swapped_before, DB.beside TO DB.swapped');
  await expect
    .poll(() => watched.told('swapped'), SOON)
    .toEqual([['nick', 'bio'], ['the connector does not know the table']]);
});

test('of a table that nobody touched nothing was told', () => {
  expect(watched.told('untouched')).toEqual([]);
});
