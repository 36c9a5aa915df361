import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../random.ts';
import type { Fault } from './fault.ts';

/** Faults at once, at most: with more, nothing would run long enough to do damage. */
const MOST_AT_ONCE = 3;

export interface StormOptions {
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly durationMs: number;
  /** Mean time between the beginnings of two faults. */
  readonly everyMs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Inflicts one fault after another, also while earlier ones last. Kinds come in rounds, each kind once a round in
 * random order. Resolves with how many of each kind there were, be it none, when the time is over and every fault has ended.
 */
export async function rage({
  faults,
  seed,
  durationMs,
  everyMs,
  say,
  signal,
}: StormOptions): Promise<Record<string, number>> {
  const random = new Random(seed, 'storm');
  const counts = Object.fromEntries(faults.map(({ kind }) => [kind, 0]));
  const underWay = new Map<Fault, Promise<void>>();
  const held = () => new Set([...underWay.keys()].flatMap(({ subjects }) => subjects));
  let round: Fault[] = [];
  const next = (): Fault | undefined => {
    if (underWay.size >= MOST_AT_ONCE) return undefined;
    if (round.length === 0) round = random.shuffled(faults);
    const subjects = held();
    const at = round.findIndex((fault) => !fault.subjects.some((subject) => subjects.has(subject)));
    return at < 0 ? undefined : round.splice(at, 1)[0];
  };
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1_000).toFixed(1);
  const failures: unknown[] = [];
  const inflict = async (fault: Fault, n: number): Promise<void> => {
    say(`${seconds()} s  ${fault.kind}`);
    counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
    try {
      // Its own stream: what faults at the same time draw must not change what comes next.
      await fault.inflict(new Random(seed, `fault ${n}`));
      say(`${seconds()} s  over: ${fault.kind}`);
    } catch (error) {
      say(`${seconds()} s  over: ${fault.kind} (${(error as Error).message})`);
      failures.push(error);
    } finally {
      underWay.delete(fault);
    }
  };
  for (let n = 1; ; n++) {
    await delay(random.between(everyMs / 2, everyMs * 1.5), undefined, { signal }).catch(() => {});
    if (signal.aborted || Date.now() - began > durationMs || failures.length) break;
    const fault = next();
    if (fault) underWay.set(fault, inflict(fault, n));
  }
  // Even when it is aborted: a fault that ends later would start a server that nobody ends.
  await Promise.all(underWay.values());
  signal.throwIfAborted();
  if (failures.length) throw new Error('a fault could not be ended', { cause: failures[0] });
  return counts;
}
