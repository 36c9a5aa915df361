import { type KillsResult, measureKills } from './connect-kills.ts';
import { openSourceSide } from './source-side.ts';
import { measureSourceSpeed, type SourceSpeed } from './source-speed.ts';
import { median, percentile } from './statistics.ts';

const SAMPLES = 300;
const BURSTS = 3;
const BURST_CHANGES = 50_000;
const KILLS = 3;

interface Compared<T> {
  /** As the product's connector is: `exactly.once.support=required`. */
  readonly required: T;
  /** An ordinary producer, no transactions. */
  readonly without: T;
}

export interface ExactlyOnceResult {
  readonly rounds: number;
  readonly latency: Compared<{ readonly p50Ms: number; readonly p95Ms: number }> & {
    readonly samples: number;
    readonly ratioP50: number;
    readonly ratioP95: number;
  };
  /** `best` is the burst that other work on the machine disturbed least. */
  readonly throughput: Compared<{ readonly changesPerSecond: number; readonly best: number }> & {
    readonly changes: number;
    readonly bursts: number;
    readonly ratio: number;
    readonly ratioBest: number;
  };
  /** Kafka Connect is killed under load. */
  readonly case3: Compared<KillsResult>;
}

/**
 * Measures what exactly-once source support costs, and what it is good for. Each round opens a stack with it and one
 * without, in an order that alternates, so that a machine that slows down is not taken for a difference.
 */
export async function measureExactlyOnce(rounds: number, say: (line: string) => void): Promise<ExactlyOnceResult> {
  const speeds: Compared<SourceSpeed[]> = { required: [], without: [] };
  const kills: Compared<KillsResult[]> = { required: [], without: [] };
  for (let round = 0; round < rounds; round++) {
    const order = ['required', 'without'] as const;
    for (const side of round % 2 === 0 ? order : order.toReversed()) {
      say(`round ${round + 1} of ${rounds}, exactly-once: ${side}`);
      await using source = await openSourceSide({ exactlyOnce: side === 'required', users: BURST_CHANGES, say });
      say(`${SAMPLES} single updates, then ${BURSTS} bursts of ${BURST_CHANGES} changes`);
      const speed = await measureSourceSpeed(source, { samples: SAMPLES, bursts: BURSTS, users: BURST_CHANGES });
      say(JSON.stringify({ ...latencyOf([speed]), ...throughputOf([speed]) }));
      speeds[side].push(speed);
      say(`Connect is killed ${KILLS} times under load`);
      const killed = await measureKills(source, KILLS);
      say(JSON.stringify(killed));
      kills[side].push(killed);
    }
  }
  const latency = compare(speeds, latencyOf);
  const throughput = compare(speeds, throughputOf);
  return {
    rounds,
    latency: {
      samples: rounds * SAMPLES,
      ...latency,
      ratioP50: ratio(latency.required.p50Ms, latency.without.p50Ms),
      ratioP95: ratio(latency.required.p95Ms, latency.without.p95Ms),
    },
    throughput: {
      changes: BURST_CHANGES,
      bursts: rounds * BURSTS,
      ...throughput,
      ratio: ratio(throughput.required.changesPerSecond, throughput.without.changesPerSecond),
      ratioBest: ratio(throughput.required.best, throughput.without.best),
    },
    case3: compare(kills, sumOf),
  };
}

function compare<T, R>({ required, without }: Compared<T>, of: (value: T) => R): Compared<R> {
  return { required: of(required), without: of(without) };
}

function latencyOf(speeds: readonly SourceSpeed[]): { p50Ms: number; p95Ms: number } {
  const all = speeds.flatMap(({ latenciesMs }) => latenciesMs);
  return { p50Ms: median(all), p95Ms: percentile(all, 0.95) };
}

function throughputOf(speeds: readonly SourceSpeed[]): { changesPerSecond: number; best: number } {
  const all = speeds.flatMap(({ changesPerSecond }) => changesPerSecond);
  return { changesPerSecond: Math.round(median(all)), best: Math.round(Math.max(...all)) };
}

function sumOf(results: readonly KillsResult[]): KillsResult {
  const sum = (of: (result: KillsResult) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    kills: sum(({ kills }) => kills),
    committed: sum(({ committed }) => committed),
    records: sum(({ records }) => records),
    duplicates: sum(({ duplicates }) => duplicates),
    backwards: sum(({ backwards }) => backwards),
    lost: sum(({ lost }) => lost),
  };
}

function ratio(a: number, b: number): number {
  return Math.round((a / b) * 100) / 100;
}
