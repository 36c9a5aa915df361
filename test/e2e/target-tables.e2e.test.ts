import { readFile, writeFile } from 'node:fs/promises';
import { connectorNames, loadConfiguration, renderGrants } from '@friend-sync/connectors';
import { createLogger, Operations } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { TWO_SOURCES } from '../support/tables.ts';

const SOON = { timeout: PATIENCE_MS, interval: 20 };

/** What is done to the table of one source's copies, and undone; and by what the copy is named, where it is held. */
const FAULTS: readonly (readonly [fault: string, undo: string, problem?: RegExp])[] = [
  [
    'ALTER TABLE DB.friend DROP COLUMN nick',
    'ALTER TABLE DB.friend ADD COLUMN nick MEDIUMTEXT',
    /nick: no such column/,
  ],
  ['ALTER TABLE DB.friend ENGINE = MyISAM', 'ALTER TABLE DB.friend ENGINE = InnoDB', /engine MyISAM/],
  ['REVOKE UPDATE (nick) ON DB.friend FROM USER', 'GRANT UPDATE (nick) ON DB.friend TO USER', /no UPDATE on it/],
  [
    "ALTER TABLE DB.friend DROP COLUMN nick, ADD COLUMN nick VARCHAR(9) AS ('x')",
    'ALTER TABLE DB.friend DROP COLUMN nick, ADD COLUMN nick MEDIUMTEXT',
    /generated column/,
  ],
  [
    "CREATE TRIGGER DB.raising BEFORE UPDATE ON DB.friend FOR EACH ROW SIGNAL SQLSTATE '45000'",
    'DROP TRIGGER DB.raising',
  ],
];

async function openBoth(): Promise<{ pipeline: Pipeline; daemon: Daemon }> {
  const pipeline = await openPipeline({ ...TWO_SOURCES, settings: { watch: { intervalSeconds: 1 } } });
  const { user, userDb, friend, friendDb } = pipeline;
  await user.write('rows', `INSERT INTO ${userDb}.account VALUES (1, 'Ann')`);
  await user.write('rows', `INSERT INTO ${userDb}.team VALUES (1, 'first')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id) VALUES (1)`);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  return { pipeline, daemon };
}

test('case 72: what is wrong with one target holds its copy alone, and is named; the other source goes on all the while, and the copy once it is mended', async () => {
  const { pipeline, daemon } = await openBoth();
  await using _ = pipeline;
  const { user, userDb, friend, friendDb, configuration, operations } = pipeline;
  const account = `'${configuration.settings.target.user}'@'%'`;
  const alter = (sql: string) =>
    friend.write('altering', sql.replaceAll('DB.', `${friendDb}.`).replace('USER', account));
  const held = async (table: string, column: string) =>
    (await friend.rows('reading', `SELECT ${column} AS value FROM ${friendDb}.${table}`))[0]?.value;
  let longestMs = 0;
  const otherArrives = async (title: string) => {
    await user.write('a change', `UPDATE ${userDb}.team SET title = ?`, [title]);
    const began = performance.now();
    await expect.poll(() => held('member', 'title'), SOON).toBe(title);
    longestMs = Math.max(longestMs, performance.now() - began);
  };

  for (const [i, [fault, undo, problem]] of FAULTS.entries()) {
    await alter(fault);
    await user.write('a change', `UPDATE ${userDb}.account SET nick = 'Ann ${i}'`);
    await otherArrives(`beside ${i}`);
    const isNamed = async () => {
      await otherArrives(`beside ${i}, ${performance.now()}`);
      if (!problem) return (await operations.keys()).account?.parked === 1;
      const { troubles } = await daemon.readiness();
      return troubles.some(({ kind, problem: told }) => kind === 'copy_unfit' && problem.test(told));
    };
    await expect.poll(isNamed, SOON).toBe(true);
    if (i === 0)
      expect(await operations.verify(60_000)).toMatchObject({ held: [{ source: 'account' }], mismatches: 0 });
    await alter(undo);
    await expect.poll(() => held('friend', 'nick'), SOON).toBe(`Ann ${i}`);
    await daemon.ready();
  }
  expect(await pipeline.settled()).toMatchObject({ copies: 2, mismatches: 0, held: [] });
  process.stderr.write(`beside broken targets, changes of the other source took at most ${longestMs.toFixed(0)} ms\n`);
});

test('case 72: a daemon that starts with a source whose mirror is not made leaves that one out, names it, and follows it once migrate has made it', async () => {
  const { pipeline, daemon } = await openBoth();
  await using _ = pipeline;
  const { user, userDb, friend, friendDb, configFile, env } = pipeline;
  await daemon.kill('SIGTERM');
  const more = `- { name: extra, table: ${userDb}.extra, key: id, copies: [{ table: extra, key: team_id, set: { title: title } }] }`;
  await writeFile(configFile, (await readFile(configFile, 'utf8')).replace('sources:\n', `sources:\n  ${more}\n`));
  const extended = await startDaemon(configFile, env);
  await user.write('a change', `UPDATE ${userDb}.team SET title = 'beside'`);
  const titles = async () => (await friend.rows('reading', `SELECT title FROM ${friendDb}.member`))[0]?.title;
  await expect.poll(titles, SOON).toBe('beside');
  expect((await extended.readiness()).troubles).toContainEqual(
    expect.objectContaining({
      part: 'source extra',
      problem: expect.stringMatching(/run friend-sync migrate --execute/),
    }),
  );

  await user.write('a table', `CREATE TABLE ${userDb}.extra (id BIGINT PRIMARY KEY, title VARCHAR(64))`);
  await user.write('a row', `INSERT INTO ${userDb}.extra VALUES (1, 'extra')`);
  await friend.write(
    'a table',
    `CREATE TABLE ${friendDb}.extra (n INT AUTO_INCREMENT PRIMARY KEY, team_id BIGINT, title VARCHAR(64), KEY (team_id))`,
  );
  await friend.write('a copy', `INSERT INTO ${friendDb}.extra (team_id) VALUES (1)`);
  const configuration = loadConfiguration({ text: await readFile(configFile, 'utf8'), file: configFile, env });
  for (const { server, sql } of renderGrants(configuration))
    await (server === 'source' ? user : friend).write('granting', sql);
  await using operations = new Operations(configuration, createLogger('fatal'));
  await operations.executeMigration();
  await operations.applyConnectors(60_000);
  const extras = async () => (await friend.rows('reading', `SELECT title FROM ${friendDb}.extra`))[0]?.title;
  await expect.poll(extras, SOON).toBe('extra');
  await user.write('a change', `UPDATE ${userDb}.team SET title = 'beside once more'`);
  await expect.poll(titles, SOON).toBe('beside once more');
  expect(await extended.kill('SIGTERM')).toBe(0);
  for (const name of connectorNames(configuration)) await operations.connect.delete(name);
});
