import { sourceConnectorName } from '@friend-sync/connectors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { createRows } from '../support/load.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { TWO_SOURCES } from '../support/tables.ts';

const SOON = { timeout: 180_000, interval: 100 };

let pipeline: Pipeline;
let daemon: Daemon;

beforeAll(async () => {
  pipeline = await openPipeline({
    userTables: [
      ...TWO_SOURCES.userTables,
      'CREATE TABLE badge (id BIGINT PRIMARY KEY, ref BIGINT, label VARCHAR(64))',
    ],
    friendTables: [
      ...TWO_SOURCES.friendTables,
      'CREATE TABLE wearer (n INT AUTO_INCREMENT PRIMARY KEY, badge_id BIGINT, label VARCHAR(64), KEY (badge_id))',
    ],
    sources: `${TWO_SOURCES.sources}
  - { name: badge, table: USER.badge, key: id, onDelete: { set: { label: gone } }, copies: [{ table: wearer, key: badge_id, set: { label: label } }] }`,
    settings: { watch: { intervalSeconds: 1, healAfterSeconds: 5 } },
  });
  const { user, userDb, friend, friendDb } = pipeline;
  await createRows(pipeline);
  await user.write('badges', `INSERT INTO ${userDb}.badge VALUES (1, 2, 'one'), (2, 3, 'two'), (3, 1, 'three')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.wearer (badge_id) VALUES (1), (2), (3)`);
  daemon = await pipeline.startDaemon();
  await pipeline.operations.backfill(pipeline.configuration.mapping.sources, SOON.timeout);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});
afterAll(() => pipeline?.[Symbol.asyncDispose]());

const run = (sql: string) => pipeline.user.rows('a statement', sql.replaceAll('USER', pipeline.userDb));
const copies = async (column: string, table: string) => {
  const rows = await pipeline.friend.rows(
    'copies',
    `SELECT DISTINCT ${column} AS v FROM ${pipeline.friendDb}.${table}`,
  );
  return rows.map(({ v }) => v);
};
/** A row that the connector cannot read, and fails at again after each restart. */
const writeIncompleteRow = (nick: string) =>
  run(
    `SET SESSION binlog_row_image = 'MINIMAL'; UPDATE USER.account SET nick = '${nick}'; SET SESSION binlog_row_image = DEFAULT`,
  );
const setOffsets = async (connector: string, offsets: readonly object[]) => {
  const url = `${pipeline.configuration.settings.connect.url}/connectors/${connector}/offsets`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'PATCH', headers, body: JSON.stringify({ offsets }) });
  expect(response.ok).toBe(true);
};
/** How many epochs of a source have begun, by the daemon itself: one that is broken off is begun again. */
const begun = (source: string) => {
  const steps = daemon
    .output()
    .matchAll(/"source":"(\w+)","step":"step \d+ of \d+, asking for a round over all rows"/g);
  return [...steps].filter(([, of]) => of === source).length;
};

test('a source whose connector cannot pass a row begins a new epoch by itself; the other source goes on, every copy ends equal', async () => {
  await writeIncompleteRow('healed');
  await run("UPDATE USER.team SET title = 'meanwhile'");
  await expect.poll(() => copies('title', 'member'), SOON).toEqual(['meanwhile']);
  await expect.poll(() => copies('nick', 'friend'), SOON).toEqual(['healed']);
  await daemon.ready();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await run("UPDATE USER.account SET nick = 'streamed'");
  await expect.poll(() => copies('nick', 'friend'), SOON).toEqual(['streamed']);
  expect(begun('account')).toBe(1);
});

test('what stops it again within the hour is left to a person, whose new epoch leads out', async () => {
  const [account] = pipeline.configuration.mapping.sources;
  if (!account) throw new Error('the mapping has no source');
  await writeIncompleteRow('again');
  const failures = () => daemon.output().split('connector has failed').length - 1;
  const before = failures();
  // By then it has stood still for longer than a source does that may heal itself.
  await expect.poll(failures, SOON).toBeGreaterThanOrEqual(before + 5);
  expect(begun('account')).toBe(1);
  await pipeline.operations.beginEpoch([account]);
  await expect.poll(() => copies('nick', 'friend'), SOON).toEqual(['again']);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});

test('case 85: a source whose key the connector takes from another column deletes no living row, and begins a new epoch by itself', async () => {
  const problems = async () => (await daemon.readiness()).troubles.map(({ problem }) => problem).join('\n');
  // Quoted so, the statement is skipped by the connector.
  await run(
    `SET SESSION sql_mode = 'ANSI_QUOTES'; ALTER TABLE USER."badge" MODIFY COLUMN "id" BIGINT NOT NULL AFTER "ref"; SET SESSION sql_mode = DEFAULT`,
  );
  await expect.poll(problems, SOON).toMatch(/misreads its table: column 1 is ref, the connector reads id/);
  expect(await problems()).not.toMatch(/keys/);
  // To the connector this is a delete of 3, and a row 9.
  await run("UPDATE USER.badge SET ref = 9, label = 'Two' WHERE id = 2");
  await expect.poll(problems, SOON).toMatch(/its keys are those of other rows/);
  expect(await copies('label', 'wearer')).not.toContain('gone');
  await expect.poll(() => copies('label', 'wearer'), SOON).toEqual(['one', 'Two', 'three']);
  await expect.poll(() => begun('badge'), SOON).toBe(1);
  await daemon.ready();
  await run("UPDATE USER.badge SET label = 'streamed' WHERE ref = 9");
  await expect.poll(() => copies('label', 'wearer'), SOON).toEqual(['one', 'streamed', 'three']);
  expect(begun('badge')).toBe(1);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
});

test('case 61: a source whose connector was set back behind what was ingested begins a new epoch by itself, and no old value comes back', async () => {
  const { connect } = pipeline.operations;
  const [, team] = pipeline.configuration.mapping.sources;
  if (!team) throw new Error('the mapping has no such source');
  const connector = sourceConnectorName(pipeline.configuration.settings, team);
  const change = async (title: string) => {
    await run(`UPDATE USER.team SET title = '${title}'`);
    await expect.poll(() => copies('title', 'member'), SOON).toEqual([title]);
  };
  await change('old');
  await pipeline.operations.passBarrier(SOON.timeout);
  const before = await connect.offsets(connector);
  for (const title of ['older than new', 'nearly new', 'new']) await change(title);
  await connect.stop(connector);
  await connect.waitUntilStopped(connector, SOON.timeout);
  // As Kafka Connect itself may leave it: what a task has sent is committed, and the position is not.
  await setOffsets(connector, before);
  const problems = async () => (await daemon.readiness()).troubles.map(({ problem }) => problem).join('\n');
  await expect.poll(problems, SOON).toMatch(/lies behind what was ingested/);
  await connect.resume(connector);
  const seen = new Set<unknown>();
  const isBegun = async () => {
    for (const title of await copies('title', 'member')) seen.add(title);
    return begun('team');
  };
  await expect.poll(isBegun, SOON).toBe(1);
  await daemon.ready();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  expect([...seen]).toEqual(['new']);
});
