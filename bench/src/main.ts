import { parseArgs } from 'node:util';
import { measureChunks } from './chunk.ts';
import { holdContest } from './contest/contest.ts';
import { writeReport } from './contest/report.ts';
import { measureExactlyOnce } from './exactly-once.ts';
import { measureFirstLoad } from './first-load.ts';
import { measureLatency } from './latency.ts';
import { measureProofreading } from './proofreading.ts';
import { measureSourceCost } from './source-cost.ts';

/** Of the contest. */
const WORKLOADS = ['once', 'uniform', 'skewed'];

const USAGE = `npm run bench -- [once] [uniform] [skewed] [--quick] [--json]
                                                   friend-sync beside others that drain the same topic, in changes a second
npm run bench -- latency                           commit → copy visible, beside a bare consumer of the same topic
npm run bench -- exactly-once [--rounds N]         what exactly-once source support costs, and what kills of Connect do without it
npm run bench -- chunk [--copies N] [--rounds N]   fan-out of one user's copies by the size of its transactions
npm run bench -- first-load [--rows N] [--kill]    the first load of a large source that changes meanwhile
npm run bench -- proofreading [--rows N] [--rounds N]   what proofreading costs ingest, whose N changes wait in the topic
npm run bench -- source-cost [--rows N]            statements at the user server: idle, at 200 updates a second, in a round`;

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
  if (positionals.every((workload) => WORKLOADS.includes(workload))) {
    const contest = await holdContest({
      workloads: positionals.length > 0 ? positionals : WORKLOADS,
      scale: values.quick ? 0.5 : 1,
      repetitions: count('rounds', values.rounds, 3),
      say,
    });
    await writeReport(contest);
    return contest;
  }
  if (name === 'latency') return measureLatency(say);
  if (name === 'exactly-once') return measureExactlyOnce(count('rounds', values.rounds, 2), say);
  if (name === 'chunk')
    return measureChunks(count('copies', values.copies, 300_000), count('rounds', values.rounds, 3), say);
  if (name === 'first-load')
    return measureFirstLoad({ rows: count('rows', values.rows, 1_000_000), kills: values.kill, say });
  if (name === 'proofreading')
    return measureProofreading(count('rows', values.rows, 200_000), count('rounds', values.rounds, 3), say);
  if (name === 'source-cost') return measureSourceCost(count('rows', values.rows, 300_000), say);
  throw new UsageError(`unknown measurement ${name}`);
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
