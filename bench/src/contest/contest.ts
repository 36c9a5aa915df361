import { insertRows } from '@friend-sync/demo';
import type { Database } from '@friend-sync/sync-service';
import { median } from '../statistics.ts';
import { type Measured, measure } from './clock.ts';
import { friendSync } from './friend-sync.ts';
import { jdbcSink } from './jdbc-sink.ts';
import type { Contender, ContenderId, Job, Ran } from './job.ts';
import { resumeLateCopies, stopLateCopies } from './late-copies.ts';
import { limit } from './limit.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { keepState } from './state.ts';
import { COPIES_EACH, imageOf, nickOf, USERS, workloadsOf } from './workload.ts';
import { catchUp, commitWorkload, MYSQL_ARGS, openWorld } from './world.ts';

export interface ContestOptions {
  /** Names of workloads. */
  readonly workloads: readonly string[];
  /** Of the number of users, copies and changes. */
  readonly scale: number;
  readonly repetitions: number;
  readonly say: (line: string) => void;
}

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

export interface Contest {
  readonly scale: number;
  readonly repetitions: number;
  readonly mysqlArgs: readonly string[];
  readonly results: readonly ContestResult[];
  /** By `workload/contender`: friend-sync's rate over that contender's. */
  readonly ratios: Readonly<Record<string, number>>;
}

interface Run extends Measured, Ran {
  readonly isCorrect: boolean;
}

/** Lets every contender drain the same changes from the same offsets into the same copies, by turns. */
export async function holdContest({ workloads, scale, repetitions, say }: ContestOptions): Promise<Contest> {
  const users = Math.round(USERS * scale);
  const contenders = [friendSync(), oneAtATime(), jdbcSink(), limit()];
  await using installation = await openWorld(users, say);
  await installation.friend.write('no statistics meanwhile', 'ALTER TABLE friend_db.im_friend STATS_AUTO_RECALC = 0');
  const results: ContestResult[] = [];
  for (const workload of workloadsOf(users, scale).filter(({ name }) => workloads.includes(name))) {
    await catchUp(installation);
    const state = await keepState(installation.friend);
    const job = await commitWorkload(installation, workload);
    say(`${workload.name}: ${job.changes} changes of ${job.final.size} users wait in the topic`);
    const runs = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
    for (let n = 0; n < repetitions; n++) {
      for (const contender of n % 2 === 0 ? contenders : contenders.toReversed()) {
        await state.restore();
        await (contender.id === 'friend-sync' ? resumeLateCopies : stopLateCopies)(installation);
        const run = await runOne(contender, job);
        say(`${workload.name}, ${n + 1} of ${repetitions}, ${contender.id}: ${describe(run)}`);
        runs.get(contender)?.push(run);
      }
    }
    results.push(...[...runs].map(([{ id }, some]) => resultOf(workload.name, id, some)));
    // The next workload begins where this one has led.
    await state.restore();
  }
  return { scale, repetitions, mysqlArgs: MYSQL_ARGS, results, ratios: ratiosOf(results) };
}

async function runOne(contender: Contender, job: Job): Promise<Run> {
  const { friend, stack } = job.installation;
  let ran: Ran | undefined;
  const pids = { mysql: stack.pid('friend-mysql') ?? 0, service: () => contender.pid() };
  const measured = await measure(friend, pids, async (quietMs) => {
    ran = await contender.run(job, quietMs);
  });
  if (!ran) throw new Error(`${contender.id} did not run`);
  return { ...measured, ...ran, isCorrect: await isCorrect(friend, job.workload, ran.final) };
}

/** Whether the copies of these users hold what their last changes say. */
async function isCorrect(friend: Database, mark: string, final: Ran['final']): Promise<boolean> {
  await friend.write('comparing', 'DROP TABLE IF EXISTS bench_base.expected');
  await friend.write(
    'comparing',
    'CREATE TABLE bench_base.expected (k BIGINT PRIMARY KEY, nick VARCHAR(64), img VARCHAR(255))',
  );
  const rows = [...final].map(([key, n]) => [key, nickOf(mark, n), imageOf(mark, n)]);
  await insertRows(friend, 'bench_base.expected', rows);
  const [row] = await friend.rows(
    'comparing',
    `SELECT COUNT(*) AS n, SUM(NOT (f.friend_nick_name <=> e.nick AND f.friend_head_img <=> e.img)) AS wrong
     FROM bench_base.expected AS e JOIN friend_db.im_friend AS f ON f.friend_id = e.k`,
  );
  return Number(row?.n) === final.size * COPIES_EACH && Number(row?.wrong) === 0;
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

function ratiosOf(results: readonly ContestResult[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const { workload, contender, changesPerSecond } of results) {
    const own = results.find((result) => result.workload === workload && result.contender === 'friend-sync');
    if (own && contender !== 'friend-sync')
      ratios[`${workload}/${contender}`] = Math.round((own.changesPerSecond / changesPerSecond) * 100) / 100;
  }
  return ratios;
}
