import { setTimeout as delay } from 'node:timers/promises';
import type { BarrierResult, Operations } from '@friend-sync/sync-service';
import { check, type Verdict } from './checker.ts';
import { daemonFaults, olderDaemon } from './faults/daemon-faults.ts';
import { databaseFaults } from './faults/database-faults.ts';
import { networkFaults } from './faults/network-faults.ts';
import { serverFaults } from './faults/server-faults.ts';
import { rage } from './faults/storm.ts';
import { streamFaults } from './faults/stream-faults.ts';
import { tableFaults } from './faults/table-faults.ts';
import { FriendService } from './friend-service.ts';
import { openSystem } from './system.ts';
import { type Untold, UntoldChanges } from './untold.ts';
import { UserService } from './user-service.ts';

/** One each 15 s is wanted; some find every subject busy and do not take place. */
const FAULT_EVERY_MS = 12_000;
/** However short a run is, so many faults fit in. */
const LEAST_FAULTS = 7;
/** What has not ended by then stands still, be three runs on the machine. */
const BARRIER_MS = 600_000;
/** Longer than the longest back-off of a key that a target refuses. */
const PARKED_MS = 330_000;
const READY_AGAIN_MS = 600_000;
const ROUNDS_MS = 600_000;

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: number;
  readonly readsReplica: boolean;
  /** The command line of the version before. */
  readonly before: string | undefined;
  readonly dataDir: string;
  readonly say: (line: string) => void;
  /** Ends the run early, with every process. */
  readonly signal: AbortSignal;
}

export interface Result extends Verdict {
  readonly seed: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly updates: number;
  /** Daemons that ended although nobody had asked them to. */
  readonly deaths: number;
}

/**
 * Load and faults for some minutes, then quiet, the barrier and the checker. Throws if the barrier is not passed, and
 * if a daemon does not become ready again: the others may have done its work.
 */
export async function run({
  seed,
  minutes,
  instances,
  readsReplica,
  before,
  dataDir,
  say,
  signal,
}: RunOptions): Promise<Result> {
  await using system = await openSystem({ dataDir, instances, readsReplica, say, signal });
  const { stack, links, daemons, user, friend } = system;
  const durationMs = minutes * 60_000;
  await using untold = new UntoldChanges(stack.userMysql);
  // What is not logged no replica ever has.
  const waysUntold: readonly Untold[] = readsReplica ? ['partly logged'] : ['unlogged', 'partly logged'];
  const userService = new UserService({ user, untold, waysUntold }, seed, durationMs);
  const friendService = new FriendService(user, friend, seed);
  userService.start();
  friendService.start();
  const faultsByKind = await rage({
    faults: [
      ...daemonFaults(system),
      ...(before === undefined ? [] : [olderDaemon(system, before)]),
      ...serverFaults(stack),
      ...networkFaults(links),
      ...databaseFaults(user, friend),
      ...tableFaults(system),
      ...streamFaults(() => system.operations()),
    ],
    seed,
    durationMs,
    everyMs: Math.min(FAULT_EVERY_MS, durationMs / LEAST_FAULTS),
    say,
    signal,
  });
  const kinds = Object.entries(faultsByKind);
  const [absent, present] = [kinds.filter(([, count]) => count === 0), kinds.filter(([, count]) => count > 0)];
  say(`applied: ${present.map(([kind, count]) => `${count} x ${kind}`).join(', ')}`);
  if (absent.length) say(`never applied: ${absent.map(([kind]) => kind).join(', ')}`);
  await Promise.all([userService.stop(), friendService.stop()]);
  say(`quiet after ${userService.updates} updates; waiting until they are applied`);
  signal.throwIfAborted();
  await using operations = system.operations();
  const rounds = operations.configuration.mapping.sources.map(({ name }) => wholeRound(operations, name));
  await Promise.race([Promise.all(rounds), aborted(signal)]);
  const began = performance.now();
  const { parked, held } = await Promise.race([settled(operations), aborted(signal)]);
  for (const { source, key, reason } of parked) say(`parked: ${source} ${key}: ${reason}`);
  for (const { source, copy } of held) say(`held: ${source} ${copy}`);
  say(`barrier passed after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  const verdict = await check(system, say);
  for (const daemon of daemons)
    if (!(await daemon.isReadyWithin(READY_AGAIN_MS)))
      throw new Error(`${daemon.name} is not ready: ${await daemon.readiness()}`);
  const faults = Object.values(faultsByKind).reduce((sum, count) => sum + count, 0);
  return { seed, faults, faultsByKind, updates: userService.updates, deaths: system.deaths.length, ...verdict };
}

/** A round that began after the last change has ended: the one that is under way may have begun before. */
async function wholeRound(operations: Operations, source: string): Promise<void> {
  const until = Date.now() + ROUNDS_MS;
  // The one before, the one under way, and one that began after it.
  for (const ends = new Set<string | undefined>(); ends.size < 3; await delay(100)) {
    const { lastEndedAt } = (await operations.rounds())[source] ?? {};
    ends.add(lastEndedAt);
    if (Date.now() > until) throw new Error(`no round of ${source} ends; the last one ended at ${lastEndedAt}`);
  }
}

/** Keys that a target refused are tried again by themselves, now that none refuses any. */
async function settled(operations: Operations): Promise<BarrierResult> {
  for (const until = Date.now() + PARKED_MS; ; await delay(1_000)) {
    const result = await operations.passBarrier(BARRIER_MS);
    if (result.parked.length === 0 || Date.now() > until) return result;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
