import { readFile, writeFile } from 'node:fs/promises';
import { connectorNames, loadConfiguration, renderGrants } from '@friend-sync/connectors';
import { createLogger, Operations } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { createRows, type Load, repeatUntilStopped } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { SOURCES, TWO_SOURCES } from '../support/tables.ts';

const DEADLINE_MS = 60_000;
const SETTINGS = { watch: { intervalSeconds: 1 } };

/** Changes rows of both tables, whether or not they are mapped, until it is stopped. */
function startWriting({ user, userDb }: Pipeline): Load {
  return repeatUntilStopped(async (n) => {
    await user.write('one', `UPDATE ${userDb}.account SET nick = ? WHERE id = ?`, [`v${n}`, (n % 2) + 1]);
    await user.write('one', `UPDATE ${userDb}.team SET title = ? WHERE id = ?`, [`v${n}`, (n % 2) + 1]);
  });
}

test('case 59: a source is added to a running system and removed again while both tables are written; the other one is not disturbed', async () => {
  await using pipeline = await openPipeline({ ...TWO_SOURCES, sources: SOURCES.account, settings: SETTINGS });
  const { configFile, env, user, userDb, friend, friendDb } = pipeline;
  await createRows(pipeline);
  let daemon = await pipeline.startDaemon();
  await using writing = startWriting(pipeline);

  /** What README says of a changed mapping. */
  async function remap(from: string, to: string): Promise<Operations> {
    const [before = '', after = ''] = [from, to].map((sources) => sources.replaceAll('USER', userDb));
    const changed = (await readFile(configFile, 'utf8')).replace(before, after);
    await writeFile(configFile, changed);
    const configuration = loadConfiguration({ text: changed, file: configFile, env });
    for (const { server, sql } of renderGrants(configuration))
      await (server === 'source' ? user : friend).write('granting', sql);
    const operations = new Operations(configuration, createLogger('fatal'));
    await operations.executeMigration();
    return operations;
  }
  async function restart(): Promise<void> {
    expect(await daemon.kill('SIGTERM')).toBe(0);
    daemon = await pipeline.startDaemon();
  }

  await using both = await remap(SOURCES.account, SOURCES.account + SOURCES.team);
  const added = await both.applyConnectors(DEADLINE_MS);
  expect(added.connectors.map(({ outcome }) => outcome)).toEqual(['begun anew', 'unchanged', 'created']);
  await restart();
  await both.backfill(both.configuration.mapping.sources, DEADLINE_MS);
  expect(await both.verify(DEADLINE_MS)).toMatchObject({ copies: 4, mismatches: 0 });
  await friend.write('late copies', `INSERT INTO ${friendDb}.member (team_id) VALUES (1)`);
  const unset = `SELECT COUNT(*) AS n FROM ${friendDb}.member WHERE title IS NULL`;
  await expect.poll(async () => friend.rows('looking', unset), { timeout: DEADLINE_MS }).toEqual([{ n: '0' }]);

  await using one = await remap(SOURCES.account + SOURCES.team, SOURCES.account);
  const removed = await one.applyConnectors(DEADLINE_MS);
  expect(removed.connectors.map(({ outcome }) => outcome)).toEqual(['begun anew', 'unchanged']);
  const former = connectorNames(both.configuration).at(-1) ?? '';
  expect(removed.former).toEqual([former]);
  await restart();
  expect(await one.verify(DEADLINE_MS)).toMatchObject({ copies: 2, mismatches: 0 });
  expect(await both.connect.status(former)).toMatchObject({ state: 'RUNNING' });
  await writing.stop();
  await both.connect.delete(former);
});

test('connectors apply brings over a system of the version before, which had one connector, while both tables are written', async () => {
  await using pipeline = await openPipeline({ ...TWO_SOURCES, settings: SETTINGS });
  const { operations, configuration } = pipeline;
  const { connect } = operations;
  await createRows(pipeline);
  const single = configuration.settings.connect.connectorName;
  const own = connectorNames(configuration).filter((name) => name.startsWith(`${single}-`));
  const [first, second] = await Promise.all(own.map((name) => connect.config(name)));
  for (const name of own) await connect.delete(name);
  await connect.apply(single, asOneConnector(first ?? {}, second ?? {}));
  await connect.waitUntilPositioned(single, DEADLINE_MS);
  await using writing = startWriting(pipeline);
  const daemon = await pipeline.launchDaemon();

  const { connectors } = await operations.applyConnectors(DEADLINE_MS);
  expect(connectors.map(({ outcome }) => outcome)).toEqual(['unchanged', 'created', 'created']);
  expect(await connect.config(single)).toBe(undefined);
  expect(await operations.applyConnectors(DEADLINE_MS)).toMatchObject({
    connectors: connectors.map(({ name }) => ({ name, outcome: 'unchanged' })),
    former: [],
  });
  await writing.stop();
  expect(await pipeline.settled()).toMatchObject({ copies: 4, mismatches: 0 });
  await daemon.ready();
});

/** As the version before had it, but for the topics of its signals, without which it would not run. */
function asOneConnector(first: Record<string, string>, second: Record<string, string>): Record<string, string> {
  const { name: _, transforms: __, ...rest } = first;
  const lists = ['table.include.list', 'column.include.list'].map((key) => [key, `${first[key]},${second[key]}`]);
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('transforms.'))),
    ...Object.fromEntries(lists),
    'schema.history.internal.kafka.topic': `${first['topic.prefix']}.schema-history`,
    'schema.history.internal.store.only.captured.tables.ddl': 'true',
    'skipped.operations': 'none',
    'database.server.id': '77777',
  };
}
