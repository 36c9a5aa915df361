import { becomes } from '../becomes.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import type { Contender, Job } from './job.ts';

const QUIET_MS = 1_000;

/** The daemon as it is by default; no round of the patrol falls into a run. */
export function friendSync(): Contender {
  let pid: number | undefined;
  return {
    id: 'friend-sync',
    pid: () => pid,
    async run(job, quietMs) {
      await using daemon = await startDaemon(job.world.commandLine, NO_PATROL);
      pid = daemon.pid;
      await drained(job, quietMs);
      pid = undefined;
      return job;
    },
  };
}

/** Returns when the daemons that run have nothing left to do. */
export async function drained(
  { world: { operations, friend }, topic }: Pick<Job, 'world' | 'topic'>,
  quietMs: () => number,
): Promise<void> {
  const isDrained = async () => {
    if (quietMs() < QUIET_MS) return false;
    const [row] = await friend.rows('counting what is pending', 'SELECT COUNT(*) AS n FROM friend_sync.pending');
    const progress = (await operations.progress()).filter((partition) => partition.topic === topic);
    return Number(row?.n) === 0 && progress.every(({ lag }) => Number(lag) === 0);
  };
  await becomes('friend-sync has drained the topic', isDrained, (is) => is);
}
