import fc from 'fast-check';
import { test } from 'vitest';
import { type ReadsAction, readsActions } from './reads-actions.ts';
import { SEQUENCES } from './reads-sequences.ts';
import { openReadsTables, type ReadsTables, resetReadsTables } from './reads-tables.ts';
import { ReadsWorld } from './reads-world.ts';
import { limit, PROPERTY_TIMEOUT_MS, runs } from './runs.ts';

async function play(tables: ReadsTables, actions: readonly ReadsAction[]): Promise<void> {
  await resetReadsTables(tables);
  const world = new ReadsWorld(tables);
  await world.begin();
  for (const action of actions) await world.apply(action);
  await world.settle();
  await world.wakeAll();
}

test(
  'whatever a stream says of its source, a look at the rows makes mirror and copies equal to them, and none ever goes back',
  async () => {
    await using tables = await openReadsTables();
    const isOver = limit(20_000);
    await fc.assert(
      fc.asyncProperty(readsActions, async (actions) => {
        if (!isOver()) await play(tables, actions);
      }),
      runs(200),
    );
  },
  PROPERTY_TIMEOUT_MS,
);

test.each(SEQUENCES)('%s, and no row goes back', async (_, actions) => {
  await using tables = await openReadsTables();
  await play(tables, actions);
});
