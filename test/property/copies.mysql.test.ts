import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FriendTables, openFriendTables, resetFriendTables } from './friend-tables.ts';
import { limit, PROPERTY_TIMEOUT_MS, runs } from './runs.ts';
import { actions } from './store-actions.ts';
import { StoreWorld } from './store-world.ts';

type Row = Record<string, unknown>;

/** Every copy that the mapping has is as the source says. */
async function expectEqual({ server }: FriendTables, world: StoreWorld) {
  const { friend, friendDb } = server;
  const isWide = world.columns.includes('avatar');
  const friends = `SELECT 'friend' AS target, friend_id AS k, nick, avatar FROM ${friendDb}.friend ORDER BY id`;
  const members = `SELECT 'member' AS target, user_id AS k, nick FROM ${friendDb}.member ORDER BY team_id, user_id`;
  const copies = await friend.rows('reading', friends);
  if (isWide) copies.push(...(await friend.rows('reading', members)));
  expect(copies).toEqual(copies.map((copy) => ({ ...copy, ...wanted(copy, world, isWide) })));
}

/** The columns of a copy whose values follow from the source. */
function wanted({ target, k }: Row, { log }: StoreWorld, isWide: boolean): Row {
  const row = log.rows.get(Number(k));
  if (row) return { nick: row.nick, ...(isWide && target === 'friend' ? { avatar: row.avatar } : {}) };
  if (!log.history.has(Number(k))) return {};
  return { nick: '' };
}

test(
  'whatever happens in whatever order, every copy equals its source in the end, and none ever went back',
  async () => {
    const tables = await openFriendTables();
    await using _ = tables.server;
    const isOver = limit(20_000);
    await fc.assert(
      fc.asyncProperty(actions, async (actions) => {
        if (isOver()) return;
        await resetFriendTables(tables);
        const world = new StoreWorld(tables);
        await world.begin();
        for (const action of actions) await world.apply(action);
        await world.settle();
        await expectEqual(tables, world);
        await world.wakeAll();
        await expectEqual(tables, world);
        const { friend, friendDb } = tables.server;
        expect(await friend.rows('reading', `SELECT copy FROM ${friendDb}.step_back`)).toEqual([]);
      }),
      runs(200),
    );
  },
  PROPERTY_TIMEOUT_MS,
);
