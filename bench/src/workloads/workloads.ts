import type { Figure, Repeated } from '../figures.ts';
import { measureNoOp } from './no-op.ts';
import { measureTwoTargets } from './two-targets.ts';

export interface WorkloadOptions extends Repeated {
  readonly isQuick: boolean;
}

/** What is measured by itself, not in a contest; each at its whole size and at a small one. */
export const WORKLOADS = {
  'two-targets': ({ isQuick, ...repeated }) => measureTwoTargets(isQuick ? 0.5 : 1, repeated),
  'no-op': ({ isQuick, say }) => measureNoOp({ users: isQuick ? 5_000 : 50_000, times: 10 }, say),
} satisfies Record<string, (options: WorkloadOptions) => Promise<Figure[]>>;
