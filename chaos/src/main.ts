import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Result, run } from './run.ts';

const USAGE = `npm run chaos -- --seed S [--minutes M] [--instances N] [--replica] [--before DIR] [--json]

  Changes profiles for M minutes (default 5) while N daemons (default 3) and every server they use are killed, stopped,
  cut off and slowed down at random; then compares every copy, and every version it ever had. The same seed makes the
  same plan. The stream lies now and then: it hides values, loses changes, and is begun anew; with --replica, rounds read
  at a replica that is 10 s behind. With --before, one daemon is of the version that is built in DIR now and then.

exit codes: 0 nothing was lost, differs or went back, and every daemon lives; 1 otherwise, data and logs are kept; 2 wrong usage`;

const STACKS = fileURLToPath(new URL('../../.stack', import.meta.url));

const talk = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) return 2;
  await mkdir(STACKS, { recursive: true });
  const dataDir = await mkdtemp(join(STACKS, 'chaos-'));
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // Twice: at once. What still runs is ended by the stack's own helper.
      if (stopping.signal.aborted) process.exit(1);
      talk('ending every process');
      stopping.abort();
    });
  }
  try {
    const result = await run({ ...options, dataDir, say: (line) => talk(`  ${line}`), signal: stopping.signal });
    print(result, options.json);
    if (result.lost + result.mismatches + result.backwards + result.deaths === 0) {
      await rm(dataDir, { recursive: true, force: true });
      return 0;
    }
  } catch (error) {
    if (stopping.signal.aborted) {
      await rm(dataDir, { recursive: true, force: true });
      talk('ended early');
      return 1;
    }
    talk((error as Error).stack ?? String(error));
  }
  talk(`data and logs are kept: ${dataDir}`);
  return 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '5' },
      instances: { type: 'string', default: '3' },
      replica: { type: 'boolean', default: false },
      before: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [seed, minutes, instances] = [Number(values.seed), Number(values.minutes), Number(values.instances)];
  if (!Number.isSafeInteger(seed) || !(minutes > 0) || !(Number.isSafeInteger(instances) && instances > 0)) {
    talk(USAGE);
    return undefined;
  }
  const before = values.before === undefined ? undefined : resolve(values.before, 'cli/dist/main.js');
  return { seed, minutes, instances, readsReplica: values.replica, before, json: values.json };
}

function print(result: Result, asJson: boolean): void {
  const { seed, faults, updates, deaths, lost, mismatches, backwards } = result;
  process.stdout.write(
    asJson
      ? `${JSON.stringify(result)}\n`
      : `seed ${seed}: ${faults} faults, ${updates} updates: ${lost} lost, ${mismatches} differ, ${backwards} went back, ${deaths} daemons died\n`,
  );
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    talk(`chaos: ${error.message}`);
    process.exit(1);
  },
);
