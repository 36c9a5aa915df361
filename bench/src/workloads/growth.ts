import { friendSync } from '../contest/friend-sync.ts';
import { ONE_TABLE } from '../contest/layout.ts';
import { type Run, runOne } from '../contest/turns.ts';
import { COPIES_EACH, onceOf, uniformOf, type Workload } from '../contest/workload.ts';
import { commitWorkload, openWorld, type World } from '../contest/world.ts';
import { type Figure, figure, type Repeated } from '../figures.ts';
import { measureInstances } from './instances.ts';

/** Small and large. */
type Pair = readonly [number, number];

export interface GrowthSizes {
  readonly copies: Pair;
  /** Of different users each, whatever the number of copies in all. */
  readonly changes: number;
  /** Messages that wait. */
  readonly backlog: Pair;
  /** Of InnoDB: must hold the larger tables. */
  readonly bufferPool: string;
}

/** What friend-sync costs as copies, messages that wait, and instances become more. */
export async function measureGrowth(sizes: GrowthSizes, repeated: Repeated): Promise<Figure[]> {
  const { copies, changes, backlog, bufferPool } = sizes;
  const { repetitions, say } = repeated;
  const open = (all: number) => openWorld({ users: all / COPIES_EACH, layout: ONE_TABLE, bufferPool, say });
  const costs = async (world: World) => {
    const runs: number[] = [];
    for (let n = 1; n <= repetitions; n++) {
      const { serviceCpu, mysqlCpu } = await drain(world, onceOf(world.users, changes, `cost${n}`), say);
      runs.push(((serviceCpu + mysqlCpu) * 1_000) / changes);
    }
    return figure(`CPU s per 1,000 changes, ${world.users * COPIES_EACH} copies`, runs);
  };
  const memory = async (world: World, messages: number) => {
    const { peakMegabytes } = await drain(world, uniformOf(world.users, messages, `backlog${messages}`), say);
    return figure(`peak memory, ${messages} messages wait, MiB`, [peakMegabytes], { atMost: 256 });
  };

  const small = await (async () => {
    await using world = await open(copies[0]);
    const figures = {
      cost: await costs(world),
      few: await memory(world, backlog[0]),
      many: await memory(world, backlog[1]),
    };
    return { ...figures, instances: await measureInstances(world, 2 * changes, repeated) };
  })();
  await using world = await open(copies[1]);
  const cost = await costs(world);
  return [
    small.cost,
    cost,
    figure('cost per change, many copies over few', [cost.value / small.cost.value], { atMost: 1.3 }),
    small.few,
    small.many,
    figure('memory, many messages over few', [small.many.value / small.few.value], { atMost: 1.2 }),
    ...small.instances,
  ];
}

async function drain(world: World, workload: Workload, say: (line: string) => void): Promise<Run> {
  const run = await runOne(friendSync(), await commitWorkload(world, workload));
  if (!run.isCorrect) throw new Error(`${workload.name}: not every copy is equal`);
  const { changes, seconds, serviceCpu, mysqlCpu, peakMegabytes } = run;
  say(JSON.stringify({ workload: workload.name, changes, seconds, serviceCpu, mysqlCpu, peakMegabytes }));
  return run;
}
