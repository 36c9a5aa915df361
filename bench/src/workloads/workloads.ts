import type { Figure, Repeated } from '../figures.ts';
import { measureQuietLoad } from '../first-load.ts';
import { latencyFigures, measureLatency } from '../latency.ts';
import { measureGiant } from './giant.ts';
import { measureGrowth } from './growth.ts';
import { measureLoadedLatency } from './loaded-latency.ts';
import { measureNoOp } from './no-op.ts';
import { measureTwoTargets } from './two-targets.ts';

export interface WorkloadOptions extends Repeated {
  readonly isQuick: boolean;
}

/** What is measured by itself, not in a contest; each at its whole size and at a small one. */
export const WORKLOADS = {
  'two-targets': ({ isQuick, ...repeated }) => measureTwoTargets(isQuick ? 0.5 : 1, repeated),
  'no-op': ({ isQuick, say }) => measureNoOp({ users: isQuick ? 5_000 : 50_000, times: 10 }, say),
  giant: ({ isQuick, ...repeated }) =>
    measureGiant(
      isQuick
        ? { users: 2_000, giantCopies: 100_000, quietMs: 10_000 }
        : { users: 20_000, giantCopies: 1_000_000, quietMs: 20_000 },
      repeated,
    ),
  latency: async ({ isQuick, ...repeated }) => [
    ...latencyFigures(await measureLatency(repeated.say)),
    ...(await measureLoadedLatency(isQuick ? { users: 25_000, ms: 10_000 } : { users: 50_000, ms: 20_000 }, repeated)),
  ],
  growth: ({ isQuick, ...repeated }) =>
    measureGrowth(
      isQuick
        ? { copies: [100_000, 1_000_000], changes: 5_000, backlog: [20_000, 200_000], bufferPool: '1G' }
        : { copies: [1_000_000, 10_000_000], changes: 50_000, backlog: [100_000, 2_000_000], bufferPool: '4G' },
      repeated,
    ),
  'first-load': ({ isQuick, say }) => measureQuietLoad(isQuick ? 200_000 : 1_000_000, say),
} satisfies Record<string, (options: WorkloadOptions) => Promise<Figure[]>>;
