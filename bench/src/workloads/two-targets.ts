import { friendSync } from '../contest/friend-sync.ts';
import { type Layout, ONE_TABLE, TWO_TABLES } from '../contest/layout.ts';
import { type ContestResult, drainByTurns } from '../contest/turns.ts';
import { USERS, uniformOf } from '../contest/workload.ts';
import { openWorld } from '../contest/world.ts';
import { type Figure, figure, type Repeated } from '../figures.ts';

/** Drains the same changes into as many copies, in one table and shared between two. */
export async function measureTwoTargets(scale: number, repeated: Repeated): Promise<Figure[]> {
  const one = await drain(ONE_TABLE, scale, repeated);
  const two = await drain(TWO_TABLES, scale, repeated);
  return [
    { figure: 'changes/s, one table', value: one.changesPerSecond, spread: one.spread },
    { figure: 'changes/s, two tables', value: two.changesPerSecond, spread: two.spread },
    { figure: 'copies/s, one table', value: one.copiesPerSecond },
    { figure: 'copies/s, two tables', value: two.copiesPerSecond },
    figure('copies/s, two tables over one', [two.copiesPerSecond / one.copiesPerSecond], { atLeast: 0.9 }),
  ];
}

async function drain(layout: Layout, scale: number, { repetitions, say }: Repeated): Promise<ContestResult> {
  const users = Math.round(USERS * scale);
  await using world = await openWorld({ users, layout, say });
  const options = { contenders: [friendSync()], repetitions, say };
  const [result] = await drainByTurns(world, uniformOf(users, 2 * users), options);
  if (!result?.correct) throw new Error('not every copy is equal');
  return result;
}
