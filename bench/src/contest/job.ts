import type { TopicEnds } from '../kafka.ts';
import type { World } from './world.ts';

/** What every contender is given: changes that lie in one topic, and copies that know nothing of them. */
export interface Job {
  readonly world: World;
  readonly topic: string;
  readonly workload: string;
  readonly from: TopicEnds;
  readonly to: TopicEnds;
  readonly changes: number;
  /** By user, which change of the workload was the last. */
  readonly final: ReadonlyMap<number, number>;
}

export interface Ran {
  readonly changes: number;
  /** What the copies must hold now. */
  readonly final: ReadonlyMap<number, number>;
}

export const CONTENDERS = ['friend-sync', 'one-at-a-time', 'jdbc-sink', 'limit'] as const;
export type ContenderId = (typeof CONTENDERS)[number];

export interface Contender {
  readonly id: ContenderId;
  /** The process whose CPU time and memory are its own. */
  pid(): number | undefined;
  /** Brings the copies to the end of the topic, or of a share of it. `quietMs`: how long the target has not changed. */
  run(job: Job, quietMs: () => number): Promise<Ran>;
}
