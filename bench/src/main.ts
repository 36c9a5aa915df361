import { parseArgs } from 'node:util';
import { measureChunks } from './chunk.ts';
import { holdContest } from './contest/contest.ts';
import { writeReport } from './contest/report.ts';
import type { ContestResult } from './contest/turns.ts';
import { measureExactlyOnce } from './exactly-once.ts';
import { type Figure, writeFigures } from './figures.ts';
import { measureFirstLoad } from './first-load.ts';
import { measureProofreading } from './proofreading.ts';
import { measureSourceCost } from './source-cost.ts';
import { WORKLOADS, type WorkloadOptions } from './workloads/workloads.ts';

/** Of the contest. */
const CONTESTS = ['once', 'uniform', 'skewed'];
const NAMES = [...CONTESTS, ...Object.keys(WORKLOADS)];

const USAGE = `npm run bench -- [WORKLOAD …] [--quick] [--json]   ${NAMES.join(', ')};
                                                   none named: all, with --quick the first three. In bench/results is what was found
npm run bench -- MEASUREMENT, alone:
  exactly-once [--rounds N]            what exactly-once source support costs, and what kills of Connect do without it
  chunk [--copies N] [--rounds N]      fan-out of one user's copies by the size of its transactions
  first-load --rows N [--kill]         the first load of a large source that changes meanwhile
  proofreading [--rows N] [--rounds N] what proofreading costs ingest, whose N changes wait in the topic
  source-cost [--rows N]               statements at the user server: idle, at 200 updates a second, in a round`;

const talk = (line: string) => process.stderr.write(`${line}\n`);
const say = (line: string) => talk(`  ${line}`);

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      copies: { type: 'string' },
      rows: { type: 'string' },
      kill: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
}

async function measure({ values, positionals }: ReturnType<typeof parse>): Promise<unknown> {
  const [name] = positionals;
  const rounds = (otherwise: number) => count('rounds', values.rounds, otherwise);
  const rows = (otherwise: number) => count('rows', values.rows, otherwise);
  if (name === 'exactly-once') return measureExactlyOnce(rounds(2), say);
  if (name === 'chunk') return measureChunks(count('copies', values.copies, 300_000), rounds(3), say);
  if (name === 'first-load' && (values.rows || values.kill))
    return measureFirstLoad({ rows: rows(1_000_000), kills: values.kill, say });
  if (name === 'proofreading') return measureProofreading(rows(200_000), rounds(3), say);
  if (name === 'source-cost') return measureSourceCost(rows(300_000), say);
  const unknown = positionals.find((workload) => !NAMES.includes(workload));
  if (unknown !== undefined) throw new UsageError(`unknown workload ${unknown}`);
  const named = positionals.length > 0 ? positionals : values.quick ? CONTESTS : NAMES;
  return runWorkloads(named, { isQuick: values.quick, repetitions: rounds(3), say });
}

/** Runs them in the order of the usage, and writes of each what was found as soon as it was. */
async function runWorkloads(named: readonly string[], options: WorkloadOptions): Promise<unknown> {
  const { isQuick, ...repeated } = options;
  const report = { results: [] as ContestResult[], ratios: {}, figures: [] as (Figure & { workload: string })[] };
  const contests = CONTESTS.filter((workload) => named.includes(workload));
  if (contests.length > 0) {
    const contest = await holdContest({ workloads: contests, scale: isQuick ? 0.5 : 1, ...repeated });
    await writeReport(contest);
    report.results.push(...contest.results);
    report.ratios = contest.ratios;
  }
  for (const [workload, run] of Object.entries(WORKLOADS)) {
    if (!named.includes(workload)) continue;
    const figures = await run(options);
    await writeFigures(workload, isQuick, figures);
    report.figures.push(...figures.map((figure) => ({ workload, ...figure })));
  }
  return report;
}

function count(option: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (!Number.isSafeInteger(value) || value < 1) throw new UsageError(`--${option} ${given} is not a number`);
  return value;
}

class UsageError extends Error {}

async function main(): Promise<string> {
  const given = parse();
  return JSON.stringify(await measure(given), null, given.values.json ? 0 : 2);
}

main().then(
  (text) => {
    process.stdout.write(`${text}\n`);
    process.exit(0);
  },
  (error: Error) => {
    talk(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : `\nbench: ${error.stack}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
