import { type Arrivals, newLogs, readArrivals } from '../arrivals.ts';
import { ONE_TABLE } from '../contest/layout.ts';
import { openWorld, type World } from '../contest/world.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { requireEqualCopies } from '../equal-copies.ts';
import { type Figure, figure, type Repeated } from '../figures.ts';
import { percentile } from '../statistics.ts';
import { commitTraffic, type TrafficOptions, UNPACED, warmUp } from '../traffic.ts';

const QUIET_PER_SECOND = 20;

export interface LoadedLatencySizes {
  readonly users: number;
  /** How long each rate is kept up. */
  readonly ms: number;
}

/** Measures latency by the binary logs of both servers, quiet and at half of the rate that the whole system can keep up. */
export async function measureLoadedLatency(
  { users, ms }: LoadedLatencySizes,
  { repetitions, say }: Repeated,
): Promise<Figure[]> {
  await using world = await openWorld({ users, layout: ONE_TABLE, say });
  await using _daemon = await startDaemon(world.commandLine, NO_PATROL);
  await warmUp(world);
  const { delaysMs, seconds } = await arrivals(world, { mark: 'all', perSecond: UNPACED });
  const saturation = delaysMs.length / seconds;
  say(`saturation: ${Math.round(saturation)} changes/s`);
  const runs: Record<'quiet' | 'half', { p50: number; p99: number }>[] = [];
  for (let n = 1; n <= repetitions; n++) {
    runs.push({
      quiet: await kept(world, `quiet${n}`, QUIET_PER_SECOND, ms),
      half: await kept(world, `half${n}`, saturation / 2, ms),
    });
    say(`latency, ${n} of ${repetitions}: ${JSON.stringify(runs.at(-1))}`);
  }
  const all = (load: 'quiet' | 'half', share: 'p50' | 'p99') => runs.map((run) => run[load][share]);
  return [
    figure('saturation, committed as fast as it goes, each user once, changes/s', [saturation]),
    ...(['quiet', 'half'] as const).flatMap((load) => [
      figure(`${load}, from commit to commit, p50 ms`, all(load, 'p50')),
      figure(`${load}, from commit to commit, p99 ms`, all(load, 'p99')),
    ]),
    figure(
      'p99, half of saturation over quiet',
      runs.map(({ quiet, half }) => half.p99 / quiet.p99),
      { atMost: 10 },
    ),
  ];
}

async function kept(world: World, mark: string, perSecond: number, ms: number) {
  const until = performance.now() + ms;
  const { delaysMs } = await arrivals(world, { mark, perSecond, goesOn: () => performance.now() < until });
  return { p50: percentile(delaysMs, 0.5), p99: percentile(delaysMs, 0.99) };
}

async function arrivals(world: World, options: TrafficOptions): Promise<Arrivals> {
  const logs = await newLogs(world);
  await commitTraffic(world, options);
  await requireEqualCopies(world.operations);
  return readArrivals(world, logs, options.mark);
}
