import { expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { column } from '../support/drain.ts';
import { createUsers, repeatUntilStopped } from '../support/load.ts';
import { openPipeline } from '../support/pipeline.ts';
import { LONG_TIMEOUT_MS, PATIENCE_MS, SCALE } from '../support/scale.ts';
import { TABLES } from '../support/tables.ts';

const USERS = 100;
const SOON = { timeout: PATIENCE_MS };

/** Of rows that nobody changes: one copy each of the first ones is edited by hand, of the others a late one is inserted. */
const EDITED = 1_000;
const LATE = 500;
const FIRST = 10_001;
/** About five hundred rows a second. */
const ROWS_A_STATEMENT = 3;

test(
  'case 53: copies edited by hand, and late ones of which nobody hears, are all found and no other, while hundreds of rows a second change, and repaired',
  async () => {
    await using pipeline = await openPipeline({ ...TABLES, settings: { patrol: { intervalSeconds: 3_600 } } });
    const { operations, friend, friendDb, user, userDb } = pipeline;
    const unheard = { FRIEND_SYNC_LATE_COPIES__ENABLED: 'false' };
    const verify = (...options: string[]) =>
      runCommand({ ...pipeline, env: { ...pipeline.env, ...unheard } }, 'verify', ...options);
    await createUsers(pipeline, USERS);
    const quiet = Array.from({ length: EDITED + LATE }, (_, i) => FIRST + i);
    await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES ?`, [quiet.map((id) => [id, `n${id}`])]);
    await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [quiet.map((id) => [id])]);
    await pipeline.startDaemon(unheard);
    // The first load's sweep would mend what follows.
    await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
    await using _load = repeatUntilStopped((n) => {
      const first = (n * ROWS_A_STATEMENT) % (USERS - ROWS_A_STATEMENT);
      const ids = Array.from({ length: ROWS_A_STATEMENT }, (_, i) => first + i + 1);
      return user.write('changes', `UPDATE ${userDb}.account SET nick = ?, avatar = ? WHERE id IN (?)`, [
        `🎈${n}`,
        `${n}.png`,
        ids,
      ]);
    });
    for (let run = 0; run < SCALE.healthyVerifies; run++)
      expect(await verify()).toMatchObject({ code: 0, data: { mismatches: 0, orphans: 0, differences: [] } });

    const edited = `UPDATE ${friendDb}.friend SET nick = 'secret' WHERE friend_id BETWEEN ${FIRST} AND ${FIRST + EDITED - 1}`;
    await friend.write('by hand', edited);
    const late = quiet.slice(EDITED).map((id) => [id, 'secret', null]);
    await friend.write('late', `INSERT INTO ${friendDb}.friend (friend_id, nick, avatar) VALUES ?`, [late]);
    const { code, data } = await verify('--list');
    const { differences, mismatches } = data as {
      mismatches: number;
      differences: { key: string; columns: string[] }[];
    };
    expect({ code, mismatches }).toEqual({ code: 1, mismatches: EDITED + LATE });
    expect(differences.map(({ key, columns }) => `${key} ${columns}`).sort()).toEqual(
      quiet.map((id) => `${id} nick`).sort(),
    );
    expect(JSON.stringify(data)).not.toContain('secret');

    expect(await verify('--repair')).toMatchObject({ code: 0, data: { mismatches: 0, repaired: EDITED + LATE } });
    const left = await column(pipeline, `SELECT COUNT(*) FROM ${friendDb}.friend WHERE nick = 'secret'`);
    expect(left).toEqual(['0']);
  },
  LONG_TIMEOUT_MS,
);

test('case 53: verify --repair restores every copy that was edited by hand, whatever the mirror holds', async () => {
  const sources = `${TABLES.sources}\n    onDelete: { set: { nick: "gone" } }`;
  await using pipeline = await openPipeline({ ...TABLES, sources, settings: { patrol: { intervalSeconds: 3_600 } } });
  const { operations, configuration, friend, friendDb } = pipeline;
  await createUsers(pipeline, USERS);
  const daemon = await pipeline.startDaemon();
  await pipeline.settled();
  await expect.poll(async () => (await operations.rounds()).account?.lastEndedAt, SOON).toBeDefined();
  // What was just inserted is read once more: it would mend what follows.
  await expect.poll(() => daemon.metric('friend_sync_rows_read_total', '"proof"'), SOON).toBeGreaterThanOrEqual(USERS);
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = CONCAT(nick, ' '), avatar = ''`);
  await friend.write('by hand', `UPDATE ${friendDb}.member SET nick = NULL`);
  const { stateDatabase } = configuration.settings.target;
  await friend.write('by hand', `UPDATE ${stateDatabase}.mirror_account SET v_nick = 'mirror' WHERE k <= 10`);
  await friend.write('of no row', `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (2001, 'deleted long ago')`);

  const copies = USERS * 3;
  expect(await runCommand(pipeline, 'verify')).toMatchObject({ code: 1, data: { copies, mismatches: copies } });
  expect(await runCommand(pipeline, 'verify', '--repair')).toMatchObject({
    code: 0,
    data: { copies, mismatches: 0, repaired: copies, orphans: 1 },
  });
  expect(await column(pipeline, `SELECT nick FROM ${friendDb}.friend WHERE friend_id = 2001`)).toEqual(['gone']);
  expect(await pipeline.settled()).toMatchObject({ copies, mismatches: 0 });
});
