import { insertRows } from '@friend-sync/demo';
import { median } from '../statistics.ts';
import { type Measured, measure } from './clock.ts';
import type { Contender, ContenderId, Job, Ran } from './job.ts';
import { resumeLateCopies, stopLateCopies } from './late-copies.ts';
import { keepState } from './state.ts';
import { COPIES_EACH, imageOf, nickOf, type Workload } from './workload.ts';
import { catchUp, commitWorkload, type World } from './world.ts';

/** A contender's medians in one workload. */
export interface ContestResult {
  readonly workload: string;
  readonly contender: ContenderId;
  readonly changesPerSecond: number;
  /** The slowest and the fastest repetition. */
  readonly spread: readonly [number, number];
  /** Copies that had to change, whatever the number of times that they were written. */
  readonly copiesPerSecond: number;
  readonly serviceCpuPerThousand: number;
  readonly mysqlCpuPerThousand: number;
  readonly peakMegabytes: number;
  readonly binlogMegabytes: number;
  /** Every copy held the last value after every repetition. */
  readonly correct: boolean;
}

export interface Run extends Measured, Ran {
  readonly isCorrect: boolean;
}

export interface TurnsOptions {
  readonly contenders: readonly Contender[];
  readonly repetitions: number;
  readonly say: (line: string) => void;
}

/** Lets contenders drain the same changes from the same offsets into the same copies, by turns. */
export async function drainByTurns(
  world: World,
  workload: Workload,
  { contenders, repetitions, say }: TurnsOptions,
): Promise<ContestResult[]> {
  await catchUp(world);
  const state = await keepState(world.friend);
  const job = await commitWorkload(world, workload);
  say(`${workload.name}: ${job.changes} changes of ${job.final.size} users wait in the topic`);
  const runs = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
  for (let n = 0; n < repetitions; n++) {
    for (const contender of n % 2 === 0 ? contenders : contenders.toReversed()) {
      await state.restore();
      await (contender.id === 'friend-sync' ? resumeLateCopies : stopLateCopies)(world);
      const run = await runOne(contender, job);
      say(`${workload.name}, ${n + 1} of ${repetitions}, ${contender.id}: ${describe(run)}`);
      runs.get(contender)?.push(run);
    }
  }
  // The next workload begins where this one has led.
  await state.restore();
  return [...runs].map(([{ id }, some]) => resultOf(workload.name, id, some));
}

/** Has a contender drain a job that waits, by the target's own clock. */
export async function runOne(contender: Contender, job: Job): Promise<Run> {
  const { friend, stack } = job.world;
  let ran: Ran | undefined;
  const pids = { mysql: stack.pid('friend-mysql') ?? 0, service: () => contender.pid() };
  const measured = await measure(friend, pids, async (quietMs) => {
    ran = await contender.run(job, quietMs);
  });
  if (!ran) throw new Error(`${contender.id} did not run`);
  return { ...measured, ...ran, isCorrect: await isCorrect(job, ran.final) };
}

/** Whether the copies of these users hold what their last changes say. */
async function isCorrect({ world: { friend, layout }, workload: mark }: Job, final: Ran['final']): Promise<boolean> {
  await friend.write('comparing', 'CREATE DATABASE IF NOT EXISTS bench_base');
  await friend.write('comparing', 'DROP TABLE IF EXISTS bench_base.expected');
  await friend.write(
    'comparing',
    'CREATE TABLE bench_base.expected (k BIGINT PRIMARY KEY, nick VARCHAR(64), img VARCHAR(255))',
  );
  const rows = [...final].map(([key, n]) => [key, nickOf(mark, n), imageOf(mark, n)]);
  await insertRows(friend, 'bench_base.expected', rows);
  const equal = layout.copies.map(async ({ table, key, nick, image, each }) => {
    const [row] = await friend.rows(
      'comparing',
      `SELECT COUNT(*) AS n, SUM(NOT (f.${nick} <=> e.nick AND f.${image} <=> e.img)) AS wrong
       FROM bench_base.expected AS e JOIN ${table} AS f ON f.${key} = e.k`,
    );
    return Number(row?.n) === final.size * each && Number(row?.wrong) === 0;
  });
  return (await Promise.all(equal)).every(Boolean);
}

const describe = ({ changes, seconds, serviceCpu, mysqlCpu, peakMegabytes, isCorrect: right }: Run) =>
  `${Math.round(changes / seconds)} changes/s in ${seconds} s, CPU ${serviceCpu} + ${mysqlCpu} s, ${peakMegabytes} MB, ${right ? 'every copy equal' : 'WRONG COPIES'}`;

function resultOf(workload: string, contender: ContenderId, runs: readonly Run[]): ContestResult {
  const rates = runs.map(({ changes, seconds }) => changes / seconds);
  const middle = (of: (run: Run) => number) => Math.round(median(runs.map((run) => of(run) * 100))) / 100;
  return {
    workload,
    contender,
    changesPerSecond: Math.round(median(rates)),
    spread: [Math.round(Math.min(...rates)), Math.round(Math.max(...rates))],
    copiesPerSecond: Math.round(middle(({ final, seconds }) => (final.size * COPIES_EACH) / seconds)),
    serviceCpuPerThousand: middle(({ serviceCpu, changes }) => (serviceCpu * 1_000) / changes),
    mysqlCpuPerThousand: middle(({ mysqlCpu, changes }) => (mysqlCpu * 1_000) / changes),
    peakMegabytes: Math.max(...runs.map((run) => run.peakMegabytes)),
    binlogMegabytes: middle((run) => run.binlogMegabytes),
    correct: runs.every((run) => run.isCorrect),
  };
}
