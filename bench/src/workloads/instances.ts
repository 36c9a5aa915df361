import { measure } from '../contest/clock.ts';
import { drained } from '../contest/friend-sync.ts';
import { uniformOf } from '../contest/workload.ts';
import { commitWorkload, type World } from '../contest/world.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { requireEqualCopies } from '../equal-copies.ts';
import { type Figure, figure, type Repeated } from '../figures.ts';
import { HOLDABLE, whileHeld } from '../hold.ts';

const INSTANCES = [1, 2, 4] as const;

/** How fast so many instances drain the same number of changes; they stand ready when the changes are let in. */
export async function measureInstances(
  world: World,
  changes: number,
  { repetitions, say }: Repeated,
): Promise<Figure[]> {
  const rates = new Map<number, number[]>(INSTANCES.map((instances) => [instances, []]));
  for (let n = 1; n <= repetitions; n++) {
    for (const instances of n % 2 === 1 ? INSTANCES : INSTANCES.toReversed()) {
      const rate = changes / (await drainWith(world, instances, changes, `by${instances}n${n}`));
      say(`instances: ${instances}, ${n} of ${repetitions}: ${Math.round(rate)} changes/s`);
      rates.get(instances)?.push(rate);
    }
  }
  const figures = [...rates].map(([instances, all]) => figure(`changes/s, instances: ${instances}`, all));
  const [one, , four] = figures;
  const ratio = (four?.value ?? 0) / (one?.value ?? 1);
  return [...figures, figure('changes/s, 4 instances over 1', [ratio], { atLeast: 0.8 })];
}

/** Returns seconds. */
async function drainWith(world: World, instances: number, changes: number, name: string): Promise<number> {
  const { friend, operations, stack, commandLine } = world;
  const settings = { ...NO_PATROL, ...HOLDABLE };
  const daemons = await Promise.all(Array.from({ length: instances }, () => startDaemon(commandLine, settings)));
  try {
    await requireEqualCopies(operations);
    const pids = { mysql: stack.pid('friend-mysql') ?? 0, service: () => daemons[0]?.pid };
    const { seconds } = await measure(friend, pids, async (quietMs) => {
      const job = await whileHeld(friend, () => commitWorkload(world, uniformOf(world.users, changes, name)));
      await drained(job, quietMs);
    });
    await requireEqualCopies(operations);
    return seconds;
  } finally {
    await Promise.all(daemons.map((daemon) => daemon[Symbol.asyncDispose]()));
  }
}
