import { check, type Verdict } from './checker.ts';
import { daemonFaults } from './faults/daemon-faults.ts';
import { databaseFaults } from './faults/database-faults.ts';
import { networkFaults } from './faults/network-faults.ts';
import { serverFaults } from './faults/server-faults.ts';
import { rage } from './faults/storm.ts';
import { FriendService } from './friend-service.ts';
import { openSystem } from './system.ts';
import { UserService } from './user-service.ts';

/** One each 20 s is wanted; some find every subject busy and do not take place. */
const FAULT_EVERY_MS = 16_000;
/** However short a run is, so many faults fit in. */
const LEAST_FAULTS = 7;
const BARRIER_MS = 180_000;
const READY_AGAIN_MS = 60_000;

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: number;
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
export async function run({ seed, minutes, instances, dataDir, say, signal }: RunOptions): Promise<Result> {
  await using system = await openSystem({ dataDir, instances, say, signal });
  const { stack, links, daemons, user, friend } = system;
  const durationMs = minutes * 60_000;
  const userService = new UserService(user, seed, durationMs);
  const friendService = new FriendService(user, friend, seed);
  userService.start();
  friendService.start();
  const faultsByKind = await rage({
    faults: [
      ...daemonFaults(daemons),
      ...serverFaults(stack),
      ...networkFaults(links),
      ...databaseFaults(user, friend),
    ],
    seed,
    durationMs,
    everyMs: Math.min(FAULT_EVERY_MS, durationMs / LEAST_FAULTS),
    say,
    signal,
  });
  await Promise.all([userService.stop(), friendService.stop()]);
  say(`quiet after ${userService.updates} updates; waiting until they are applied`);
  signal.throwIfAborted();
  await using operations = system.operations();
  const began = performance.now();
  const { parked } = await Promise.race([operations.passBarrier(BARRIER_MS), aborted(signal)]);
  for (const { key, reason } of parked) say(`parked: ${key}: ${reason}`);
  say(`barrier passed after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  const verdict = await check(system, say);
  for (const daemon of daemons)
    if (!(await daemon.isReadyWithin(READY_AGAIN_MS)))
      throw new Error(`${daemon.name} is not ready: ${await daemon.readiness()}`);
  const faults = Object.values(faultsByKind).reduce((sum, count) => sum + count, 0);
  return { seed, faults, faultsByKind, updates: userService.updates, deaths: system.deaths.length, ...verdict };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
