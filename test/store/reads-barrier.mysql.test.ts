import { randomUUID } from 'node:crypto';
import { type Change, type Database, ingest, type Said } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { observe } from '../../sync-service/src/application/read/look.ts';
import { endedLog } from '../support/ended-log.ts';
import type { Feed } from '../support/feed.ts';
import { openSettledReads, outcomes } from '../support/reads.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const SOON = { timeout: PATIENCE_MS };

async function openSettled() {
  const { server, feed, reads } = await openSettledReads();
  const { user, userDb, store } = server;
  return {
    server,
    feed,
    reads,
    rename: (nick: string) => user.write('a change', `UPDATE ${userDb}.account SET nick = ? WHERE id = 1`, [nick]),
    nick: async () => (await feed.source.mirror.read(store.database, [1n])).get(1n)?.values[1],
    executed: async () => String((await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids'))[0]?.gtids),
  };
}

const change = (feed: Feed, offset: bigint, values: Said[], more: Partial<Change> = {}): Change => ({
  source: feed.source.schema.mapping.name,
  key: 1n,
  kind: 'row',
  values,
  position: { epoch: 1, partition: 0, offset },
  gtid: null,
  committedAtMs: 1,
  ...more,
});

test('a row is written only once everything is ingested that the source had committed when it was read', async () => {
  const { feed, reads, rename, nick, executed } = await openSettled();
  await using _ = reads;
  const before = await executed();
  let looks = 0;
  const sent = async () => {
    looks++;
    if (looks < 5) return { gtids: before, file: '', pos: 0 };
    // What was on its way arrives with the connector's progress.
    if (looks === 5) await feed.rows([1n, null, 'older'], [1n, null, 'newer']);
    return { gtids: await executed(), file: '', pos: 0 };
  };
  const late = reads.having({ stream: { ...reads.parts.stream, sent } });
  await rename('older');
  await rename('newer');
  const { suspects } = await late.look(1n);
  expect(suspects.map(({ read }) => read.values)).toEqual([[null, 'newer']]);
  expect(outcomes(await late.settler.settle(suspects))).toEqual([[1n, 'moved']]);
  expect(await nick()).toBe('newer');
});

test('what was sent and is not ingested yet is waited for', async () => {
  const { feed, reads, rename } = await openSettled();
  await using _ = reads;
  let asks = 0;
  // Two more messages are in the topic than were ingested.
  const admin = endedLog(async () => {
    asks++;
    return new Map([[0, 5n]]);
  });
  const behind = reads.having({ admin });
  await rename('newer');
  const { suspects } = await behind.look(1n);
  const settling = behind.settler.settle(suspects);
  await expect.poll(() => asks, SOON).toBeGreaterThan(0);
  await feed.rows([1n, null, 'older'], [1n, null, 'newer']);
  expect(outcomes(await settling)).toEqual([[1n, 'moved']]);
});

/** The same server, which says at each read what it does. */
function watched(server: Database, onRead: (count: number) => Promise<unknown>): Database {
  let count = 0;
  return {
    ...server,
    async transaction(doing, work) {
      await onRead(++count);
      return server.transaction(doing, work);
    },
  };
}

test.each([
  ['the connector has sent', true],
  ['was ingested', false],
])('a server that lags behind what %s is asked again until it has it', async (_, isSent) => {
  const { server, feed, reads, rename, executed } = await openSettled();
  await using __ = reads;
  const gtid = `${randomUUID()}:1`;
  const sent = async () => ({ gtids: isSent ? `${await executed()},${gtid}` : await executed(), file: '', pos: 0 });
  if (!isSent) await feed.batch([change(feed, feed.nextOffset, [null, 'Ann'], { key: 2n, gtid })]);
  let asked = 0;
  const database = watched(reads.parts.database, async (count) => {
    asked = count;
    if (count !== 3) return;
    await rename('executed at last');
    await server.user.transaction('what it lacked', async (tx) => {
      await tx.write('its number', `COMMIT; SET gtid_next = '${gtid}'; BEGIN; COMMIT; SET gtid_next = 'AUTOMATIC'`);
    });
  });
  const behind = reads.having({ database, stream: { ...reads.parts.stream, sent } });
  const { rows } = await behind.look(1n);
  expect(asked).toBe(3);
  expect(rows).toEqual([{ key: 1n, values: [null, 'executed at last'] }]);
});

test('a rewind does not take back what a server must have executed', async () => {
  const { server, feed, reads } = await openSettled();
  await using _ = reads;
  const { store } = server;
  const [older, newer] = [`${randomUUID()}:1`, `${randomUUID()}:1`];
  await feed.batch([change(feed, 3n, [null, 'a'], { gtid: older })]);
  await feed.batch([change(feed, 4n, [null, 'b'], { gtid: newer })]);
  await store.database.transaction('rewinding', (tx) => store.consumed.rewind(tx, feed.topic, 0, 3n));
  await feed.batch([change(feed, 3n, [null, 'a'], { gtid: older })], { expectedOffset: 3n, nextOffset: 4n });
  expect((await observe(reads.parts)).required).toContain(newer);
});

test('a partition that stands still does not hold up the keys of another', async () => {
  const { server, feed, reads, rename } = await openSettled();
  await using _ = reads;
  const { user, userDb, store } = server;
  await store.database.transaction('adopting', (tx) =>
    store.consumed.adopt(tx, feed.topic, [{ partition: 1, low: 0n }]),
  );
  await user.write('a row', `INSERT INTO ${userDb}.account (id, nick) VALUES (8, 'right')`);
  const position = { epoch: 1, partition: 1, offset: 0n };
  const batch = { topic: feed.topic, partition: 1, epoch: 1, expectedOffset: 0n, nextOffset: 1n, maxTimestampMs: 1 };
  await ingest(
    store,
    feed.source,
    { ...batch, changes: [change(feed, 0n, [null, 'wrong'], { key: 8n, position })] },
    false,
  );
  await rename('right');
  const ends = async () => new Map([0, 1].map((partition) => [partition, partition === 0 ? 99n : 1n]));
  const halted = reads.having({ admin: endedLog(ends) });
  const known = async (key: bigint) => (await feed.source.mirror.read(store.database, [key])).get(key)?.values[1];
  void halted.read(1n, 8n);
  await expect.poll(() => known(8n), SOON).toBe('right');
  expect(await known(1n)).toBe('Ann');
});
