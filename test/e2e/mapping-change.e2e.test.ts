import { readFile, writeFile } from 'node:fs/promises';
import { loadConfiguration, renderGrants } from '@friend-sync/connectors';
import { createLogger, Operations, planChanges } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { createUsers, startLoad } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 50;
const DEADLINE_MS = 60_000;

const NARROW = '{ table: friend, key: friend_id, set: { nick: nick } }';
const WIDE = '{ table: friend, key: friend_id, set: { nick: nick, avatar: avatar } }';
const MEMBER = '{ table: member, key: user_id, set: { nick: nick } }';

/** The copies of the mapping, as YAML. */
const sources = (...copies: string[]) => TABLES.sources.replace(/copies:[\s\S]*/, `copies: [${copies.join(', ')}]`);

test('case 55: a column and a target are added and removed again while changes stream; then a rewind to the start', async () => {
  await using pipeline = await openPipeline({ ...TABLES, sources: sources(NARROW) });
  const { configFile, env, user, userDb, friend, friendDb } = pipeline;
  await createUsers(pipeline, USERS);
  let daemon = await pipeline.startDaemon();
  await using load = startLoad(pipeline, USERS);

  /** What README says of a changed mapping, beginning with these steps of the plan. */
  async function remap(from: string[], to: string[], kinds: string[]): Promise<Operations> {
    const text = await readFile(configFile, 'utf8');
    const [before, after] = [sources(...from), sources(...to)].map((some) => some.replaceAll('USER', userDb));
    expect(text).toContain(before);
    const changed = text.replace(before ?? '', after ?? '');
    await writeFile(configFile, changed);
    const configuration = loadConfiguration({ text: changed, file: configFile, env });
    const operations = new Operations(configuration, createLogger('fatal'));
    const plan = () => planChanges(operations.servers, () => operations.connectorDefinitions());
    const planned = async () => (await plan()).map(({ kind }) => kind);
    expect(await planned()).toEqual(kinds);
    for (const { server, sql } of renderGrants(configuration))
      await (server === 'source' ? user : friend).write('granting', sql);
    const applying = runCommand(pipeline, 'apply', '--yes');
    await expect.poll(async () => (await planned())[0], { timeout: DEADLINE_MS }).toBe('daemons');
    expect(await daemon.kill('SIGTERM')).toBe(0);
    daemon = await pipeline.startDaemon();
    expect(await applying).toMatchObject({ code: 0, data: { executed: true } });
    for (const sql of (await plan()).flatMap(({ commands }) => commands))
      await (sql.endsWith('user database') ? user : friend).write('revoking', sql);
    expect(await runCommand(pipeline, 'plan')).toEqual({ code: 0, data: { steps: [] } });
    return operations;
  }

  const wide = await remap([NARROW], [WIDE, MEMBER], ['grants', 'migrate', 'connectors', 'daemons', 'backfill']);
  await using _wide = wide;
  expect(await wide.verify(DEADLINE_MS)).toMatchObject({ copies: USERS * 3, mismatches: 0 });
  await using removed = await remap([WIDE, MEMBER], [NARROW], ['connectors', 'daemons', 'backfill', 'revoke']);
  await load.stop();
  await removed.executeReset(await removed.planReset(removed.configuration.mapping.sources, { kind: 'earliest' }));
  await removed.passBarrier(DEADLINE_MS);
  expect(await removed.compareCopies()).toMatchObject({ copies: USERS * 2, mismatches: 0 });
  expect(await runCommand(pipeline, 'explain', '1')).toMatchObject({ code: 0, data: { verdict: 'equal' } });
  const nulls = `SELECT id FROM ${friendDb}.friend WHERE nick IS NULL OR avatar IS NULL`;
  expect(await friend.rows('looking', nulls)).toEqual([]);
  expect((await daemon.readiness()).troubles).toEqual([]);
});
