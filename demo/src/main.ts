import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeDifference } from '@friend-sync/sync-service';
import { updateSomebody } from './example.ts';
import { openSystem, type System } from './system.ts';

const USAGE = `npm start                                      the whole system, with changes flowing, until Ctrl-C
npm start -- --updates N [--exit] [--json]     makes N updates and compares every copy; --exit ends then`;

const UPDATES_PER_SECOND = 10;
const BARRIER_MS = 300_000;

const talk = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { updates: { type: 'string' }, exit: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const updates = values.updates === undefined ? undefined : Number(values.updates);
  if (updates !== undefined && !(Number.isSafeInteger(updates) && updates >= 0))
    throw new Error(`--updates ${values.updates} is not a number\n\n${USAGE}`);
  if (updates === undefined && values.exit) throw new Error(`--exit needs --updates N\n\n${USAGE}`);

  const began = performance.now();
  const latencies: number[] = [];
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => true);
  await using system = await openSystem({
    say: (line) => talk(`  ${line}`),
    onApplied: (_, latencyMs) => latencies.push(latencyMs),
  });
  const megabytes = Math.round((system.stack.memory() + process.memoryUsage().rss) / 1e6);
  talk(`ready after ${((performance.now() - began) / 1000).toFixed(0)} s, ${megabytes} MB in all\n`);

  latencies.length = 0;
  const result = updates === undefined ? undefined : await measure(system, updates, latencies);
  if (result) print(result, values.json ?? false);
  if (!values.exit) await play(system, latencies, stopped);
  talk('ending');
  return result && result.mismatches > 0 ? 1 : 0;
}

interface Result {
  readonly updates: number;
  readonly copies: number;
  readonly mismatches: number;
  readonly appliedP50Ms: number;
  readonly appliedP99Ms: number;
}

/** N updates one after another, the barrier, then every copy against its source. */
async function measure({ operations, user }: System, updates: number, latencies: readonly number[]): Promise<Result> {
  for (let n = 0; n < updates; n++) await updateSomebody(user, n);
  talk(`${updates} updates committed; waiting until they are applied`);
  await operations.passBarrier(BARRIER_MS);
  const { copies, mismatches, differences } = await operations.compareCopies();
  for (const one of differences) talk(`differs: ${describeDifference(one)}`);
  return {
    updates,
    copies,
    mismatches,
    appliedP50Ms: percentile(latencies, 0.5),
    appliedP99Ms: percentile(latencies, 0.99),
  };
}

function print(result: Result, asJson: boolean): void {
  if (asJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    const { updates, copies, mismatches, appliedP50Ms, appliedP99Ms } = result;
    process.stdout.write(
      `${updates} updates, ${copies} copies compared, ${mismatches} differ; applied after ${appliedP50Ms} ms (p99 ${appliedP99Ms} ms)\n`,
    );
  }
}

/** Plays the user service until Ctrl-C, a line each second. */
async function play({ service, user }: System, latencies: number[], stopped: Promise<unknown>): Promise<void> {
  talk(`a user service now changes ${UPDATES_PER_SECOND} profiles a second by plain SQL; Ctrl-C ends everything`);
  talk(`metrics: http://127.0.0.1:${service.adminPort}/metrics\n`);
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  for (let n = 1; !isStopped; n++) {
    const id = await updateSomebody(user, n);
    await delay(1_000 / UPDATES_PER_SECOND);
    if (n % UPDATES_PER_SECOND !== 0) continue;
    const recent = latencies.splice(0);
    talk(
      `${n} updates (last: user ${id})   ${recent.length} applied in the last second, p50 ${percentile(recent, 0.5)} ms, p99 ${percentile(recent, 0.99)} ms`,
    );
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    talk(`\nfriend-sync: ${error.message}`);
    process.exit(1);
  },
);
