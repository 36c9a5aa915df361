import { friendSync } from './friend-sync.ts';
import { jdbcSink } from './jdbc-sink.ts';
import { ONE_TABLE } from './layout.ts';
import { limit } from './limit.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { type ContestResult, drainByTurns } from './turns.ts';
import { USERS, workloadsOf } from './workload.ts';
import { mysqlArgs, openWorld } from './world.ts';

export interface ContestOptions {
  /** Names of workloads. */
  readonly workloads: readonly string[];
  /** Of the number of users, copies and changes. */
  readonly scale: number;
  readonly repetitions: number;
  readonly say: (line: string) => void;
}

export interface Contest {
  readonly scale: number;
  readonly repetitions: number;
  readonly mysqlArgs: readonly string[];
  readonly results: readonly ContestResult[];
  /** By `workload/contender`: friend-sync's rate over that contender's. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Lets every contender drain the same changes from the same offsets into the same copies, by turns. */
export async function holdContest({ workloads, scale, repetitions, say }: ContestOptions): Promise<Contest> {
  const users = Math.round(USERS * scale);
  const contenders = [friendSync(), oneAtATime(), jdbcSink(), limit()];
  await using world = await openWorld({ users, layout: ONE_TABLE, say });
  const results: ContestResult[] = [];
  for (const workload of workloadsOf(users, scale).filter(({ name }) => workloads.includes(name)))
    results.push(...(await drainByTurns(world, workload, { contenders, repetitions, say })));
  return { scale, repetitions, mysqlArgs: mysqlArgs(), results, ratios: ratiosOf(results) };
}

function ratiosOf(results: readonly ContestResult[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const { workload, contender, changesPerSecond } of results) {
    const own = results.find((result) => result.workload === workload && result.contender === 'friend-sync');
    if (own && contender !== 'friend-sync')
      ratios[`${workload}/${contender}`] = Math.round((own.changesPerSecond / changesPerSecond) * 100) / 100;
  }
  return ratios;
}
