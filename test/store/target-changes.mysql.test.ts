import { expect, test } from 'vitest';
import { drain } from '../support/drain.ts';
import { PATIENCE_MS } from '../support/scale.ts';
import { openSettledCopies } from '../support/settled-copies.ts';

const kindsOf = (postponed: readonly { kind: string }[]) => postponed.map(({ kind }) => kind);

test('case 60: a column that is widened while a daemon runs gets no value that is another, before the daemon has seen it and after', async () => {
  await using settled = await openSettledCopies();
  const { server, feed, look, change, alter, nicks } = settled;
  await server.user.write('widening', `ALTER TABLE ${server.userDb}.account MODIFY nick VARCHAR(255)`);
  await server.friend.write(
    'widening',
    `ALTER TABLE ${server.configuration.settings.target.stateDatabase}.mirror_account MODIFY v_nick VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin`,
  );
  for (const [definition, wide, spaced] of [
    ['VARCHAR(200)', 'x'.repeat(100), 'x'.padEnd(150)],
    ['LONGTEXT', 'x'.repeat(210), 'x'.padEnd(250)],
  ] as const) {
    await alter(`ALTER TABLE DB.friend MODIFY nick ${definition}`);
    await alter(`ALTER TABLE DB.member MODIFY nick ${definition}`);
    await change(wide);
    expect(kindsOf((await drain(server)).postponed)).toEqual([]);
    expect(await nicks('friend')).toEqual(['Bea', wide]);
    // Spaces at the end could be cut: they are refused until the new width is known.
    await change(spaced);
    expect(new Set(kindsOf((await drain(server)).postponed))).toEqual(new Set(['store_refused']));
    expect(await nicks('friend')).toEqual(['Bea', wide]);
    expect(await look()).toEqual([]);
    await feed.source.pending.mark(server.store.database, [1n]);
    expect(kindsOf((await drain(server)).postponed)).toEqual([]);
    expect(await nicks('friend')).toEqual(['Bea', spaced]);
  }
});

test('case 60: what a column that was narrowed has cut before the daemon saw it is found by itself, refused and named', async () => {
  await using settled = await openSettledCopies();
  const { server, feed, look, change, alter, round, nicks } = settled;
  await alter('ALTER TABLE DB.friend MODIFY nick VARCHAR(5)');
  await change('Ann   ');
  await drain(server);
  expect(await look()).toEqual([]);
  await round();
  expect(await nicks('member')).toEqual(['Ann   ', 'Bea']);
  const [parked] = await feed.source.pending.parked(server.store.database);
  expect(parked).toMatchObject({ key: 1n });
});

test('case 60: a key that a column has refused is tried again at once when the column is widened', async () => {
  await using settled = await openSettledCopies();
  const { server, look, change, alter, nicks } = settled;
  const { friend, configuration } = server;
  await alter('ALTER TABLE DB.friend MODIFY nick VARCHAR(5)');
  expect(await look()).toEqual([]);
  await change('much too long');
  await drain(server);
  const state = configuration.settings.target.stateDatabase;
  await friend.write('after some attempts', `UPDATE ${state}.pending SET due = NOW(6) + INTERVAL 5 MINUTE`);
  await alter('ALTER TABLE DB.friend MODIFY nick VARCHAR(64)');
  expect(await look()).toEqual([]);
  await drain(server);
  expect(await nicks('friend')).toEqual(['Bea', 'much too long']);
});

test.each([
  ['its index is renamed', 'RENAME INDEX friend_id TO of_friend'],
  ['its index is another', 'DROP INDEX friend_id, ADD INDEX (friend_id, id)'],
  ['its primary key has another column', 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, friend_id)'],
])('case 60: a target goes on when %s, from the middle of a sweep too', async (_, change) => {
  await using settled = await openSettledCopies();
  const { server, feed, look, alter, round, nicks } = settled;
  const { store, friend, friendDb } = server;
  const { round: rounds } = feed.source;
  await rounds.hasten(store.database, 'copies missed');
  const take = () => store.database.transaction('rounds', (tx) => rounds.take(tx, 0));
  await expect.poll(take, { timeout: PATIENCE_MS }).toBeDefined();
  const token = (await take())?.token ?? 0n;
  const place = { leg: 'copy friend.friend_id', after: ['1'] };
  await rounds.goOn(store.database, token, 0, place, { rowCount: 2, correctedKeys: 0 });
  await friend.write('by hand', `UPDATE ${friendDb}.friend SET nick = 'x'`);
  await alter(`ALTER TABLE DB.friend ${change}`);
  expect(await look()).toEqual([]);
  await round();
  expect(await nicks('friend')).toEqual(['Ann', 'Bea']);
  await settled.change('Ann B.');
  expect(await drain(server)).toMatchObject({ postponed: [] });
  expect(await nicks('friend')).toEqual(['Ann B.', 'Bea']);
});
