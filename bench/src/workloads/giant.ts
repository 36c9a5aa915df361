import { setTimeout as delay } from 'node:timers/promises';
import { newLogs, readArrivals } from '../arrivals.ts';
import { becomes } from '../becomes.ts';
import { commitChanges } from '../contest/commit-changes.ts';
import { ONE_TABLE } from '../contest/layout.ts';
import { nickOf } from '../contest/workload.ts';
import { openWorld, type World } from '../contest/world.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { requireEqualCopies } from '../equal-copies.ts';
import { type Figure, figure, type Repeated } from '../figures.ts';
import { median } from '../statistics.ts';
import { commitTraffic, warmUp } from '../traffic.ts';

const PER_SECOND = 50;

export interface GiantSizes {
  /** With twenty copies each; each changes once at most in a run. */
  readonly users: number;
  readonly giantCopies: number;
  readonly quietMs: number;
}

/** Measures how long other keys' changes take that are committed while a user with very many copies is written, beside quiet. */
export async function measureGiant(
  { users, giantCopies, quietMs }: GiantSizes,
  { repetitions, say }: Repeated,
): Promise<Figure[]> {
  await using world = await openWorld({ users, giantCopies, layout: ONE_TABLE, say });
  await using _daemon = await startDaemon(world.commandLine, NO_PATROL);
  await warmUp(world);
  const runs: { quiet: number; beside: number; ratio: number; worst: number; seconds: number; largest: number }[] = [];
  for (let n = 1; n <= repetitions; n++) {
    const quiet = await latencies(world, `quiet${n}`, () => delay(quietMs));
    let seconds = 0;
    const beside = await latencies(world, `beside${n}`, async () => {
      seconds = await renameGiant(world, `giant${n}`);
    });
    const [before, meanwhile] = [median(quiet.delaysMs), median(beside.delaysMs)];
    const worst = beside.delaysMs.reduce((most, ms) => Math.max(most, ms), 0);
    runs.push({
      ...{ quiet: before, beside: meanwhile, ratio: meanwhile / before, worst },
      ...{ seconds, largest: beside.largestTransaction },
    });
    say(`giant, ${n} of ${repetitions}: ${JSON.stringify(runs.at(-1))}`);
  }
  const { chunkRows } = world.configuration.settings.fanOut;
  const all = (of: keyof (typeof runs)[number]) => runs.map((run) => run[of]);
  return [
    figure('copies of the giant; others have 20', [giantCopies]),
    figure('from the change of the giant to its last copy, s', all('seconds')),
    figure('median latency of others, quiet, ms', all('quiet')),
    figure('median latency of others, beside the giant, ms', all('beside')),
    figure('median latency of others, beside over quiet', all('ratio'), { atMost: 3 }),
    figure('worst latency of others, beside the giant, ms', [Math.max(...all('worst'))], { atMost: 2_000 }),
    figure('largest transaction, rows', [Math.max(...all('largest'))], { atMost: chunkRows }),
  ];
}

/** How ordinary changes arrive while something else is done. */
async function latencies(world: World, mark: string, meanwhile: () => Promise<unknown>) {
  const logs = await newLogs(world);
  let isOver = false;
  const traffic = commitTraffic(world, { mark, perSecond: PER_SECOND, goesOn: () => !isOver });
  try {
    await meanwhile();
  } finally {
    isOver = true;
    await traffic;
  }
  await requireEqualCopies(world.operations);
  return readArrivals(world, logs, mark);
}

/** Returns seconds from the commit until the giant's last copy is written: they are written in the order of their ids. */
async function renameGiant({ user, friend, users }: World, mark: string): Promise<number> {
  const giant = users + 1;
  await commitChanges(user, mark, [[giant, 1]]);
  const committedAt = performance.now();
  const lastCopy = async () => {
    const sql = 'SELECT friend_nick_name AS nick FROM friend_db.im_friend WHERE friend_id = ? ORDER BY id DESC LIMIT 1';
    return (await friend.rows('looking for the last copy', sql, [giant]))[0]?.nick;
  };
  const { at } = await becomes('the giant is written', lastCopy, (nick) => nick === nickOf(mark, 1));
  return (at - committedAt) / 1_000;
}
